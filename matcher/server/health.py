"""Standard health, with how far the opening is in the trailing metadata of a check."""

from __future__ import annotations

from typing import Any, Final

import grpc
from grpc_health.v1 import health, health_pb2

PROGRESS_KEY: Final = "x-progress"
SERVICE_NAME: Final = health.SERVICE_NAME


class HealthReport(health.HealthServicer):  # type: ignore[misc]  # grpc brings no types
    """grpc.health.v1: NOT_SERVING until the index is verified. progress: "stage done/total", "" when there is none."""

    def __init__(self, service_names: tuple[str, ...]) -> None:
        super().__init__()
        self._service_names = service_names
        self.progress = ""
        self.tell(serving=False)

    def tell(self, *, serving: bool) -> None:
        """Sets the answer for the server as a whole and for each service."""
        states = health_pb2.HealthCheckResponse
        for name in ("", *self._service_names):
            self.set(name, states.SERVING if serving else states.NOT_SERVING)

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        if self.progress:
            context.set_trailing_metadata(((PROGRESS_KEY, self.progress),))
        return super().Check(request, context)
