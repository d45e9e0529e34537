"""Markdown tables of the commands' JSON."""

from typing import Any

Result = dict[str, Any]


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; the first column is text, the others are numbers."""
    rule = ["---", *(["---:"] * (len(head) - 1))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *rows))


def percent(rate: float, interval: list[float] | None = None) -> str:
    shown = f"{100 * rate:.2f}"
    return shown if interval is None else f"{shown} ({100 * interval[0]:.2f}–{100 * interval[1]:.2f})"


def verification_table(found: Result) -> str:
    rows = []
    for name, one in found["datasets"].items():
        spans = one["intervals"]
        rates = [percent(one["fnmr_at_fmr"][fmr], spans["fnmr_at_fmr"][fmr]) for fmr in ("1e-2", "1e-3", "1e-4")]
        counts = [f"{one[key]:,}" for key in ("mated", "non_mated", "failure_to_enroll")]
        rows.append([name, *counts, percent(one["eer"], spans["eer"]), *rates])
    spans = found["details"]["mean_intervals"]
    mean = found["mean"]
    rates = [percent(mean["fnmr_at_fmr"][fmr], spans[fmr]) for fmr in ("1e-2", "1e-3", "1e-4")]
    rows.append(["**mean**", "", "", "", percent(mean["eer"], spans["eer"]), *rates])
    head = ["set", "mated", "non-mated", "FTE", "EER", "FNMR at FMR 1e-2", "at 1e-3", "at 1e-4"]
    return f"Pack {found['details']['pack']}.\n\n" + table(head, rows) + _fold_accuracies(found)


def _fold_accuracies(found: Result) -> str:
    """Accuracy over ten folds, where it was measured."""
    shown = [
        f"{name} {percent(one['fold_accuracy']['value'], one['fold_accuracy']['interval'])} "
        f"of {one['fold_accuracy']['pairs']:,}"
        for name, one in found["details"].get("datasets", {}).items()
        if "fold_accuracy" in one
    ]
    note = "\n\nRight decisions over ten folds, all mated and as many non-mated pairs (interval as if pairs were "
    return f"{note}independent): {'; '.join(shown)}." if shown else ""


def calibration_table(found: Result) -> str:
    """Stated against measured; what breaks the promise in bold."""
    rows = []
    for name, scores in found["strangers"].items():
        cells = [name, f"{scores[0]['comparisons']:,}"]
        for one in scores:
            low, high = one["interval"]
            shown = f"{one['false_matches']:,}/{one['expected']:,.1f}: {one['ratio']:.2f} ({low:.2f}–{high:.2f})"
            cells.append(shown if one["holds"] else f"**{shown}**")
        rows.append(cells)
    scores = [f"{one['score']:g}" for one in next(iter(found["strangers"].values()))]
    strangers = table(["strangers", "pairs", *scores], rows)
    reached = [name for name in next(iter(found["mates"].values())) if name.startswith("reach_")]
    mates = table(
        ["mates", "pairs", "median score", *(f"reach {name.partition('_')[2]}" for name in reached)],
        [
            [name, f"{one['comparisons']:,.0f}", f"{one['median']:.1f}", *(percent(one[key]) for key in reached)]
            for name, one in found["mates"].items()
        ],
    )
    pictures = "".join(f"\n\n![Stated against measured scores]({path})" for path in found["plots"])
    return (
        f"Pack {found['pack']}. False matches found of those that a score states, their ratio and its 95 % interval "
        f"drawing fingers.\n\n{strangers}\n\n{mates}{pictures}"
    )


def identification_table(found: Result) -> str:
    details = found["details"]
    rows = [[f"rank {rank}", percent(share)] for rank, share in found["rank"].items()]
    rows[0][1] = percent(found["rank"]["1"], details["rank_1_interval"])
    for fpir, rate in found["fnir_at_fpir"].items():
        # So many searches may name a stranger at that FPIR: one wrong label among the images can decide it.
        allowed = int(float(fpir) * found["probes"])
        rows.append([f"FNIR at FPIR {fpir} ({allowed:,} searches)", percent(rate)])
    strangers = details["distractors"]
    about = f"{found['probes']:,} probes, gallery of {found['gallery']:,}, pack {details['pack']}"
    if strangers["generated"]:
        about += f" ({strangers['generated']:,} of them generated)"
    by_set = ", ".join(f"{name} {percent(share)}" for name, share in details["rank_1_by_dataset"].items())
    times = details["search_ms"]
    shown = (
        f"A search takes {times['p50']:.1f} ms at the median, {times['p95']:.1f} at the 95th percentile, wall clock."
    )
    return f"{about}. Rank 1 by set: {by_set}. {shown}\n\n" + table(["", "%"], rows)


def quality_table(found: Result) -> str:
    discarded = found["discarded"]
    shares = (0.0, 0.05, 0.1, 0.2, 0.3)
    columns = [min(range(len(discarded)), key=lambda row, share=share: abs(discarded[row] - share)) for share in shares]
    rows = [
        [
            f"{100 * float(start):g} %",
            *(percent(one["fnmr"][column]) for column in columns),
            f"{one['area_ratio']:.2f}",
            f"{one['ideal_area_ratio']:.2f}",
        ]
        for start, one in found["start_fnmr"].items()
    ]
    head = ["FNMR at first", *(f"{100 * share:.0f} % discarded" for share in shares), "area", "ideal area"]
    note = "Comparisons with the lowest quality are discarded first; area up to 20 %, 1 where quality says nothing."
    return f"{found['mated']:,} mated comparisons. {note}\n\n" + table(head, rows)


def distractor_table(found: Result) -> str:
    def quantiles(one: Result) -> str:
        return " / ".join(f"{one[share]:.3g}" for share in ("0.05", "0.5", "0.95"))

    rows = [[name, quantiles(one["real"]), quantiles(one["generated"])] for name, one in found["statistics"].items()]
    levels = found["similarities"]["at_real_fmr"]
    compared = [[fmr, f"{one['share']:.2e}", f"{one['ratio']:.2f}"] for fmr, one in levels.items()]
    pairs = found["similarities"]
    return (
        f"{found['real_prints']:,} real prints, {found['generated']:,} generated templates; "
        "5 / 50 / 95 % quantiles.\n\n"
        + table(["statistic", "real", "generated"], rows)
        + f"\n\nSimilarities of {pairs['real_pairs']:,} real and {pairs['generated_pairs']:,} generated strangers:\n\n"
        + table(["real FMR", "share of generated at that similarity", "ratio"], compared)
    )


def descriptor_table(found: Result) -> str:
    rows = [
        ["rank 1 after comparison of the shortlist, %", f"{found['rank1']:.2f} ({found['rank1_interval'][0]:.2f}–"
         f"{found['rank1_interval'][1]:.2f})"],
        ["mate on the shortlist, %", f"{found['in_shortlist']:.2f}"],
        ["loss against exhaustive comparison, points, at most", _loss(found)],
        ["clear leads by votes, the mate not on the list",
         f"{found['clear_missed']} of {found['clear_probes']:,}"],
        ["votes, median, processor time, ms", f"{found['votes_p50_ms']:.1f}"],
        ["whole search, median (95th percentile), ms", f"{found['p50_ms']:.0f} ({found['p95_ms']:.0f})"],
        ["the same, processor time of one thread, ms", _times(found)],
        ["of exhaustive comparison", f"1/{1 / found['ratio_to_exhaustive']:.0f}"],
        ["votes, of FAISS's flat index over the same descriptors", f"1/{1 / found['ratio_to_flat_knn']:.0f}"],
        ["index files saved, loaded, s", f"{found['save_s']:.1f}, {found['load_s']:.1f}"],
        ["memory a finger, bytes: arrays of the index",  f"{found['memory_bytes_a_finger']:.0f}"],
        ["the same, of a process that loaded it", f"{found['resident_bytes_a_finger']:.0f}"],
        ["to add a finger, ms", f"{found['add_ms_a_finger']:.2f}"],
        *([f"time with {100 * float(share):g} % allowed, of unfiltered", f"{ratio:.2f}"]
          for share, ratio in found["ratio_at_share"].items()),
    ]  # fmt: skip
    groups = [
        [name, f"{one['probes']:,}",
         f"{one['rank1']:.2f} ({one['rank1_interval'][0]:.2f}–{one['rank1_interval'][1]:.2f})", _loss(one),
         f"{one['widened']:.0f}", _times(one)]
        for part in ("kinds", "halves", "steps") for name, one in found.get(part, {}).items()
    ]  # fmt: skip
    about = f"{found['probes']:,} probes, {found['fingers']:,} fingers, at most {found['shortlist']:,} compared"
    if "timed_probes" in found:
        about += (
            f". Times: of {found['timed_probes']:,} probes; exhaustive comparison "
            f"and FAISS's flat index: {found['exhaustive_probes']:,} of them, with a sample of the gallery"
        )
    head = ["probes", "count", "rank 1, %", "lost: points, at most", "looked farther, %", "processor time, ms"]
    return f"{about}.\n\n" + table(["", "value"], rows) + "\n\n" + table(head, groups)


def _loss(one: Result) -> str:
    shown = f"{one['loss_at_most']:.2f} ({one['loss_interval'][0]:.2f}–{one['loss_interval'][1]:.2f})"
    return f"{one['lost']}: {shown}" if "lost" in one else shown


def _times(one: Result) -> str:
    """Median and 95th percentile, as far as they were measured."""
    median_ms, slow_ms = one.get("p50_processor_ms"), one.get("p95_processor_ms")
    return ("" if median_ms is None else f"{median_ms:.0f}") + ("" if slow_ms is None else f" ({slow_ms:.0f})")


def growth_table(found: Result) -> str:
    rows = [
        [f"{one['fingers']:,}" + (", computed" if one["is_computed"] else ""), f"{one['search_ms']:,.0f}",
         f"{one['votes_ms']:,.0f}", f"{one['exhaustive_ms']:,.0f}", f"1/{one['exhaustive_ms'] / one['search_ms']:.0f}",
         f"{one['flat_ms']:,.0f}", f"{one['sourceafis_ms'][0]:,.0f}–{one['sourceafis_ms'][1]:,.0f}",
         f"{one['memory_bytes'] / 1e6:,.0f}", f"{one['vector_bytes'] / 1e6:,.0f}",
         "" if one["is_computed"] else f"{one['loss_at_most']:.2f} ({one['loss_interval'][0]:.2f}–"
         f"{one['loss_interval'][1]:.2f})"]
        for one in found["points"]
    ]  # fmt: skip
    head = ["fingers", "search, ms", "of it votes", "every finger compared, ms", "ratio", "FAISS flat, ms",
            "SourceAFIS, ms", "memory, MB", "float32 descriptors, MB", "loss, points, at most"]  # fmt: skip
    pictures = "".join(f"\n\n![Search of fingers against the size of the gallery]({path})" for path in found["plots"])
    note = (
        "Processor time of one thread, of the sections above. Ten million is computed: what reads the index or every "
        "finger grows in proportion. SourceAFIS 3.18.1 compares a pair in 58 to 76 µs (measured on another machine, "
        "when the goals were set) and has no index; its home page, sourceafis.machinezoo.com, recommends it for up to "
        "10,000 fingerprints."
    )
    return f"{note}\n\n{table(head, rows)}{pictures}"


def speed_table(found: Result) -> str:
    rows = [
        [name, *(f"{one[key]:.3g}" for key in ("median_ms", "p95_ms", "p99_ms")), f"{one['ratio']:.4g}",
         f"± {100 * one['ratio_noise']:.1f} %"]
        for name, one in found["stages"].items()
    ]  # fmt: skip
    head = ["stage, one thread", "median ms", "p95 ms", "p99 ms", "ratio to yardstick", "noise"]
    missing = [f"Not measured: {name}: {reason}." for name, reason in found["missing"].items()]
    return "\n\n".join([table(head, rows), *missing])


def exact_search_table(found: Result) -> str:
    """Figures of the worst set, of each set, and by size; ratios are to IndexFlatIP."""
    head = [
        *("references", "set", "flat p50", "p95", "p99 ms", "search p50", "p95", "p99 ms", "ratio", "batch of 64"),
        *("of the product", "filtered 1, 10, 50 %", "lists that differ", "proved %", "bytes a row"),
    ]
    measured = [*found["sets"].items(), *((next(iter(found["sets"])), one) for one in found["sizes"])]
    rows = [_exact_search_row(name, one) for name, one in sorted(measured, key=lambda pair: pair[1]["size"])]
    pictures = "\n\n".join(
        f"![{title}](docs/pictures/{name}.png)"
        for name, title in (
            ("search-sizes", "Time of one search against the number of references; ten million computed"),
            ("search-sizes-memory", "Memory that searches read against the number of references; ten million computed"),
        )
    )
    return "\n\n".join((search_table(found), table(head, rows), pictures))


def _exact_search_row(name: str, one: Result) -> list[str]:
    times = one["times"]
    spans = [f"{times[which][rank]:.1f}" for which in ("flat_ms", "search_ms") for rank in ("p50", "p95", "p99")]
    return [
        *(f"{one['size']:,}", name, *spans),
        *(f"{times[key]:.3f}" for key in ("ratio_to_flat", "ratio_to_flat_batch64", "ratio_to_product_batch64")),
        ", ".join(f"{ratio:.2f}" for ratio in times["ratio_filtered"].values()),
        f"{one['differing_lists']} of {one['probes']}",
        f"{100 * one['proved_share']:.1f}",
        f"{one['hot_bytes_per_row']:.0f}",
    ]


def search_table(found: Result) -> str:
    rows = [
        [name, f"{value:,}" if isinstance(value, int) else f"{value:.6g}"]
        for name, value in found.items()
        if isinstance(value, int | float)
    ]
    return table(["", "value"], rows)
