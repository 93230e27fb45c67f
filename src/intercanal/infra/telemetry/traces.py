"""OpenTelemetry traces: sent where the standard variables say, and nothing at all when they say nothing."""

import os
from collections.abc import Callable
from typing import Final

from opentelemetry import trace

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def _nothing() -> None:
    return None


def configure(process: str) -> Callable[[], None]:
    """Set tracing up for this process, and return what sends the last spans at its end."""
    if not any(os.environ.get(name) for name in ENDPOINTS):
        return _nothing
    # What sends traces is loaded by those alone who want them: it is slow to load.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - as said above
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - as said above
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - as said above
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - as said above

    provider = TracerProvider(resource=Resource.create({"service.name": f"intercanal-{process}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider.shutdown


def tracer(name: str) -> trace.Tracer:
    """Return the tracer of a part; attributes carry ids and codes, never customer words."""
    return trace.get_tracer(f"intercanal.{name}")
