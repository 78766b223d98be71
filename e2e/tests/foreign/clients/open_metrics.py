"""Reads what `GET /metrics` says with the Prometheus project's own parser of OpenMetrics, which is
strict, and tells the exemplars of a histogram's buckets."""

import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

told = []
for family in text_string_to_metric_families(sys.stdin.read()):
    below = {}
    for sample in family.samples:
        if not sample.name.endswith("_bucket"):
            assert sample.exemplar is None, sample
            continue
        labels = dict(sample.labels)
        bound = float(labels.pop("le"))
        series = (family.name, json.dumps(labels))
        exemplar = sample.exemplar
        if exemplar is not None:
            assert below.get(series, 0) < exemplar.value <= bound, sample
            told.append({
                "family": family.name,
                "route": labels["route"],
                "bound": sample.labels["le"],
                "count": sample.value,
                "labels": exemplar.labels,
                "seconds": exemplar.value,
                "time": float(exemplar.timestamp),
            })
        below[series] = bound
json.dump(told, sys.stdout)
