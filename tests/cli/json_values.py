"""Reads exactly one JSON document from standard input and prints the value at each path given.

usage: ... | json_values.py density check.passed targets.0.kind
"""
import json
import sys

document = json.load(sys.stdin)
for path in sys.argv[1:]:
    value = document
    for word in path.split("."):
        value = value[int(word)] if isinstance(value, list) else value[word]
    print(json.dumps(value))
