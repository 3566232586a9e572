# SPDX-License-Identifier: ISC
"""A strict reader of the text format of Prometheus, version 0.0.4: it accepts what promtool
accepts, and complains of what `promtool check metrics` complains of."""

import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)$")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)')
TYPES = ("counter", "gauge", "histogram")


class Family:
    def __init__(self, name, text):
        self.name, self.help, self.type = name, text, None
        self.samples = {}  # (name, ((label, value), …)): number


def read_labels(text):
    labels = []
    while text:
        found = LABEL.match(text)
        assert found, f"bad labels: {text!r}"
        labels.append((found[1], found[2]))
        text = text[found.end():]
        assert found[3] == "" or text, "a comma behind the last label"
    assert len({name for name, _ in labels}) == len(labels), f"a label twice: {labels}"
    return tuple(sorted(labels))


def read_number(text):
    assert re.fullmatch(r"\d+(\.\d+)?", text), f"no number: {text!r}"
    return float(text) if "." in text else int(text)


def read(text):
    """{name: Family}; an AssertionError for anything that is not as it must be."""
    assert text.endswith("\n") and "\r" not in text
    families, current = {}, None
    for line in text.splitlines():
        words = line.split(" ", 3)
        if words[:2] == ["#", "HELP"]:
            assert re.fullmatch(NAME, words[2]) and words[2] not in families, line
            current = families[words[2]] = Family(words[2], words[3])
        elif words[:2] == ["#", "TYPE"]:
            assert words[2] == current.name and not current.samples, line
            assert current.type is None and words[3] in TYPES, line
            current.type = words[3]
        else:
            add_sample(current, line)
    for family in families.values():
        check(family)
    return families


def add_sample(family, line):
    found = SAMPLE.match(line)
    assert found and family.type, f"no sample: {line!r}"
    suffixes = ("_bucket", "_sum", "_count") if family.type == "histogram" else ("",)
    assert found[1] in [family.name + suffix for suffix in suffixes], line
    key = found[1], read_labels(found[2] or "")
    assert key not in family.samples, f"twice: {line}"
    family.samples[key] = read_number(found[3])


def check(family):
    assert family.type and family.samples and family.help, family.name
    assert (family.type == "counter") == family.name.endswith("_total"), family.name
    if family.type == "histogram":
        check_histogram(family)
    else:
        assert all(isinstance(value, int) for value in family.samples.values()), family.name


def check_histogram(family):
    """Buckets in ascending order, never fewer in a wider one, the last one for all."""
    ends, counts = [], []
    for (name, labels), value in family.samples.items():
        if name.endswith("_bucket"):
            (label, end), = labels
            assert label == "le" and isinstance(value, int)
            ends.append(float(end.replace("+Inf", "inf")))
            counts.append(value)
    assert ends == sorted(set(ends)) and ends[-1] == float("inf")
    assert counts == sorted(counts)
    assert counts[-1] == family.samples[family.name + "_count", ()]
    assert family.samples[family.name + "_sum", ()] >= 0
    assert len(family.samples) == len(ends) + 2
