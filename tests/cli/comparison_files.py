"""Reads what `halftone bench` wrote: the JSON as Google Benchmark's compare.py does, the page as a browser.

usage: comparison_files.py FILE.json FILE.html
"""
import html.parser
import json
import sys

document = json.load(open(sys.argv[1]))
assert {"date", "host_name", "num_cpus", "mhz_per_cpu", "caches", "library_build_type"} <= document["context"].keys()
launches = {}
for entry in document["benchmarks"]:
    # What compare.py takes of an entry: it leaves out those without a time, and sorts by the indices.
    assert entry["time_unit"] == "ms" and entry["real_time"] > 0 and entry["cpu_time"] >= 0
    assert entry["iterations"] > 0 and entry["per_family_instance_index"] == 0
    assert entry["run_type"] in ("iteration", "aggregate")
    launches.setdefault(entry["run_name"], []).append(entry)
for family, (name, entries) in enumerate(launches.items()):
    *single, median = entries
    assert all(entry["family_index"] == family for entry in entries)
    assert all(entry["name"] == name and entry["repetition_index"] == at for at, entry in enumerate(single))
    assert median["name"] == name + "_median" and median["aggregate_name"] == "median"
    assert median["real_time"] == sorted(entry["real_time"] for entry in single)[len(single) // 2]
    assert abs(median["idealSpeedup"] * median["density"] - 1) < 1e-9
    print(f"{name}: {len(single)} launches")


class Page(html.parser.HTMLParser):
    open, pictures, plots = [], 0, 0

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            assert not name.startswith("on"), (tag, name)
            if name in ("src", "href"):
                assert value.startswith("data:"), value
                self.pictures += value.startswith("data:image/png;base64,iVBOR")
        assert tag != "script"
        self.plots += tag == "svg"
        if tag not in ("meta", "link", "img", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag


text = open(sys.argv[2]).read()
assert "http:" not in text and "https:" not in text and "@import" not in text and "url(" not in text
page = Page()
page.feed(text)
assert not page.open, page.open
print(f"page: {page.pictures} pictures, {page.plots} plots, nothing from elsewhere")
