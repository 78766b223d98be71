"""Reads what a gateway exported, by OpenTelemetry's own description of it, and tells the spans."""

import json
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

told = []
for line in sys.stdin:
    # Unknown members, wrong types and numbers that do not fit are errors.
    export = json_format.Parse(line, ExportTraceServiceRequest())
    raw = json.loads(line)
    for i, resource in enumerate(export.resource_spans):
        service = {a.key: a.value.string_value for a in resource.resource.attributes}["service.name"]
        for j, scope in enumerate(resource.scope_spans):
            for k, span in enumerate(scope.spans):
                # In JSON ids are hexadecimal (OTLP, "JSON Protobuf Encoding").
                ids = raw["resourceSpans"][i]["scopeSpans"][j]["spans"][k]
                assert len(bytes.fromhex(ids["traceId"])) == 16
                assert len(bytes.fromhex(ids["spanId"])) == 8
                assert span.start_time_unix_nano <= span.end_time_unix_nano
                attributes = {
                    a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes
                }
                told.append({
                    "service": service,
                    "trace": ids["traceId"],
                    "span": ids["spanId"],
                    "parent": ids.get("parentSpanId"),
                    "name": span.name,
                    "kind": Span.SpanKind.Name(span.kind),
                    "failed": span.status.code == Status.STATUS_CODE_ERROR,
                    "attributes": attributes,
                    "micros": (span.end_time_unix_nano - span.start_time_unix_nano) // 1000,
                })
json.dump(told, sys.stdout)
