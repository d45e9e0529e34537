// A client in JavaScript, as a stranger would write it: the .proto files of the checkout and two npm packages.
//
//     node client.mjs CHECKOUT ADDRESS PRINTS
//
// Prints what the server answered as one JSON object; test_other_languages.py holds it against what is right.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

// The packages lie where they were installed, which is the folder that this is run in.
const require = createRequire(path.join(process.cwd(), "package.json"));
const grpc = require("@grpc/grpc-js");
const protoLoader = require("@grpc/proto-loader");
const protobuf = require("protobufjs");

const [checkout, address, prints] = process.argv.slice(2);
const folder = path.join("protos", "biometrics", "v1");
const files = fs.readdirSync(path.join(checkout, folder)).filter((name) => name.endsWith(".proto"));
const definition = protoLoader.loadSync(
  files.map((name) => path.join(folder, name)),
  { includeDirs: [checkout], enums: String, longs: Number, defaults: true, oneofs: true },
);
const { biometrics } = grpc.loadPackageDefinition(definition);
const credentials = grpc.credentials.createInsecure();
const matching = new biometrics.v1.MatchingService(address, credentials);
const enrollment = new biometrics.v1.EnrollmentService(address, credentials);
const server = new biometrics.v1.ServerService(address, credentials);

// The standard details of an error (google.rpc), as far as this service sends them.
const details = protobuf.parse(`
  syntax = "proto3";
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
  message LocalizedMessage { string locale = 1; string message = 2; }
  message FieldViolation { string field = 1; string description = 2; string reason = 3; }
  message BadRequest { repeated FieldViolation field_violations = 1; }
`).root;

function detailsOf(error) {
  const [content] = error.metadata.get("grpc-status-details-bin");
  const status = details.lookupType("Status").decode(content);
  const found = {};
  for (const detail of status.details) {
    const name = detail.typeUrl.split(".").pop();
    const type = details.get(name);
    if (type) found[name] = type.toObject(type.decode(detail.value));
  }
  return found;
}

const access = { operatorId: "operator-7", caseNumber: "HS-12/2026", purpose: "điều tra trộm cắp" };
const language = new grpc.Metadata();
language.set("accept-language", "vi");
language.set("x-call-id", "javascript-1");

function sampleOf(name) {
  const content = fs.readFileSync(path.join(prints, name));
  return { modality: "MODALITY_FINGERPRINT", image: { content, ppi: 500 }, fingerPosition: "FINGER_POSITION_RIGHT_INDEX" };
}

function ask(client, method, request, { deadlineMs = 120_000, cancelAfterMs = 0 } = {}) {
  return new Promise((resolve) => {
    const options = { deadline: Date.now() + deadlineMs };
    const call = client[method](request, language, options, (error, answer) => resolve({ error, answer }));
    if (cancelAfterMs) setTimeout(() => call.cancel(), cancelAfterMs);
  });
}

async function answered(client, method, request) {
  const { error, answer } = await ask(client, method, request);
  if (error) throw error;
  return answer;
}

function enrolled(items) {
  return new Promise((resolve, reject) => {
    const answers = [];
    const call = enrollment.batchEnroll(language, { deadline: Date.now() + 120_000 });
    call.on("data", (answer) => answers.push(answer));
    call.on("error", reject);
    call.on("end", () => resolve(answers));
    for (const [itemId, subject, samples] of items) {
      call.write({ itemId, enrollment: { requestId: itemId, access, subject, samples } });
    }
    call.end();
  });
}

const info = await answered(server, "serverInfo", { access });
const batch = await enrolled([
  ["one", { externalId: "079000000001", displayName: "Nguyễn Thị Hồng Đào" }, [sampleOf("01-1.png")]],
  ["bad", { externalId: "079000000002" }, [{ ...sampleOf("02-1.png"), modality: "MODALITY_UNSPECIFIED" }]],
  ["two", { externalId: "079000000003" }, [sampleOf("03-1.png")]],
]);
const probe = { samples: [sampleOf("01-2.png")] };
const found = await answered(matching, "identify", { access, probe, explainedCandidateCount: 1 });
const refused = await ask(matching, "identify", { access: { ...access, caseNumber: "" }, probe });
const late = await ask(matching, "identify", { access, probe }, { deadlineMs: 1 });
const takenBack = await ask(matching, "identify", { access, probe }, { cancelAfterMs: 5 });
const listed = await answered(enrollment, "listSubjects", { access });

console.log(
  JSON.stringify({
    info: { softwareVersion: info.softwareVersion, languages: info.languages, packs: info.modalities.map((one) => one.pack?.packId) },
    batch: batch.map(({ itemId, outcome, error }) => ({ itemId, outcome, error })),
    candidate: found.candidates[0],
    refused: { code: refused.error.code, details: detailsOf(refused.error), callId: refused.error.metadata.get("x-call-id")[0] },
    late: late.error?.code,
    takenBack: takenBack.error?.code,
    listed: listed.subjects.map((subject) => subject.displayName),
  }),
);
