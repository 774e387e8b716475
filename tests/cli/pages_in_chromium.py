"""Opens the pages that `halftone tune --report` and `halftone bench --report` write in headless Chromium.

usage: pages_in_chromium.py HALFTONE FAKE_DRIVER_FOLDER [SCREENSHOT_FOLDER]

A page must load without a console message, an exception or a request for anything but itself; show its pictures;
keep the text of its plots inside them; and sort each table by each header, up and down, by mouse and keyboard.
Pages that were broken on purpose must be found out.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

import chromium

sizes = ["--frames", "4", "--height", "8", "--width", "8", "--head-dim", "32", "--target", "cpu"]
tune = ["tune", "--force", "--report"]
# The pattern's own text has what HTML must not take for its own.
where = ["--where", "q.index >= k.index & q.index - k.index < 100"]
commands = {
    "tune": [*tune, "tune.html", *sizes, *where, "--budget", "5 candidates"],
    "compare": ["bench", "--compare", "radial,radial:any,radial:reference,where", "--repeat", "3", "--quality",
                "--report", "compare.html", *sizes, *where],
    # On a driver that runs nothing: no candidate gives the right result.
    "no-winner": [*tune, "no-winner.html", "--target", "sm_90", "--tokens", "300", "--pattern", "causal",
                  "--budget", "2 candidates", "--ptxas", "none"],
}


def start_writing(halftone, fake_driver, folder):
    """A process for each page, all at once."""
    for name, command in commands.items():
        environment = dict(os.environ, HALFTONE_CACHE_DIR=str(folder / "cache"))
        if "sm_90" in command:
            environment["LD_LIBRARY_PATH"] = fake_driver
        yield name, subprocess.Popen([halftone, *command], cwd=folder, env=environment, text=True,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def end_writing(processes):
    for name, process in processes:
        errors = process.communicate()[1]
        if process.returncode != (6 if name == "no-winner" else 0):
            sys.exit(f"halftone {' '.join(commands[name])}: exit code {process.returncode}\n{errors}")


def said(browser, url):
    """Console messages, exceptions and requests of what was opened."""
    for event in browser.events:
        facts = event["params"]
        if event["method"] == "Runtime.consoleAPICalled":
            yield f"console {facts['type']}: {[argument.get('value') for argument in facts['args']]}"
        elif event["method"] == "Runtime.exceptionThrown":
            yield f"exception: {facts['exceptionDetails']['text']}"
        elif event["method"] == "Log.entryAdded":
            yield f"log {facts['entry']['level']}: {facts['entry']['text']}"
        elif event["method"] == "Network.requestWillBeSent":
            asked = facts["request"]["url"]
            if asked != url and not asked.startswith("data:"):
                yield f"request: {asked}"


def looks(browser):
    """Pictures without a size, text of plots that is cut off or over another, and a page that is wider than its
    window."""
    pictures = browser.value("[...document.images].map(e => [e.alt, e.naturalWidth, e.getBoundingClientRect().width])")
    if not pictures:
        yield "no picture"
    for name, width, shown in pictures:
        if width < 1 or shown < 50:
            yield f"picture `{name}`: {width} pixels, {shown} wide"
    if not browser.value("document.querySelector('img.mask') !== null"):
        yield "no mask"
    yield from browser.value("""[...document.querySelectorAll('svg')].flatMap(svg => {
        const box = svg.getBoundingClientRect();
        return [...svg.querySelectorAll('text')].filter(text => {
          const r = text.getBoundingClientRect();
          return r.left < box.left - 1 || r.right > box.right + 1 || r.top < box.top - 1 || r.bottom > box.bottom + 1;
        }).map(text => `cut off: ${text.textContent}`);
      })""")
    # Two pixels of a line's height are air.
    yield from browser.value("""[...document.querySelectorAll('svg')].flatMap(svg => {
        const texts = [...svg.querySelectorAll('text')].map(text => [text.textContent, text.getBoundingClientRect()]);
        return texts.flatMap(([a, p], at) => texts.slice(at + 1).filter(([b, q]) =>
          Math.min(p.right, q.right) - Math.max(p.left, q.left) > 1 &&
          Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top) > 2).map(([b]) => `${b} is over ${a}`));
      })""")
    width, window = browser.value("[document.documentElement.scrollWidth, innerWidth]")
    if width > window:
        yield f"the page is {width} wide in a window of {window}"


def column(browser, table, at):
    """The direction that a header shows, and the column's texts from top to bottom."""
    return browser.value(f"(() => {{ const t = document.querySelectorAll('table.sortable')[{table}];"
                         f"return [t.tHead.rows[0].cells[{at}].getAttribute('aria-sort'),"
                         f"[...t.tBodies[0].rows].map(row => row.cells[{at}].textContent)]; }})()")


def sorts(browser):
    """Headers that do not sort."""
    tables = browser.value("[...document.querySelectorAll('table.sortable')].map(t => [...t.tHead.rows[0].cells]"
                           ".map(cell => [cell.textContent, !cell.classList.contains('text')]))")
    for table, headers in enumerate(tables):
        for at, (name, is_number) in enumerate(headers):
            button = f"document.querySelectorAll('table.sortable')[{table}].tHead.rows[0].cells[{at}]" \
                     ".querySelector('button')"
            before, directions = sorted(column(browser, table, at)[1]), []
            for press in (browser.click, browser.press_enter):
                press(button)
                direction, texts = column(browser, table, at)
                directions.append(direction)
                values = [float(text) if is_number else text for text in texts if text]
                if values != sorted(values, reverse=direction == "descending"):
                    yield f"`{name}` is not {direction}: {values}"
                if any(texts[len(values):]):
                    yield f"`{name}`: what has no value is not last"
                if sorted(texts) != before:
                    yield f"`{name}`: rows came or went"
            if sorted(map(str, directions)) != ["ascending", "descending"]:
                yield f"`{name}` was {directions} after two presses"
            if browser.value(f"document.querySelectorAll('table.sortable')[{table}]"
                             ".querySelectorAll('[aria-sort]').length") != 1:
                yield f"`{name}`: not one header says how the table is sorted"


def problems(browser, path, sorting=True):
    url = path.resolve().as_uri()
    browser.open(url)
    found = [*looks(browser), *(sorts(browser) if sorting else [])]
    return [*said(browser, url), *found]


def broken(page):
    """Pages with one thing wrong, and what must be said of them."""
    picture = 'src="data:image/png;base64,'
    added = lambda text: page.replace("</body>", text + "</body>", 1)
    yield "exception", page.replace('"use strict";', '"use strict"; nothing.here();', 1)
    yield "console log", added("<script>console.log(1)</script>")
    yield "log error", added('<img src="https://example.org/x.png">')
    yield "request", added('<img src="other.png">').replace("img-src data:", "img-src *", 1)
    yield "0 pixels", page.replace(picture, picture + "AAAA", 1)
    yield "cut off", page.replace("</svg>", '<text x="1000" y="20">beyond</text></svg>', 1)
    yield "is over", page.replace("</svg>", '<text x="70" y="50">one</text><text x="72" y="54">two</text></svg>', 1)
    yield "wide in a window", added('<p style="width: 3000px">wide</p>')
    yield "is not ascending", page.replace("sign * order(a.value, b.value)", "0", 1)
    yield "after two presses", page.replace('header.setAttribute("aria-sort", direction);', "", 1)
    yield "rows came or went", page.replace("body.append(...rows", "body.replaceChildren(...rows.slice(1)", 1)


def main():
    path = chromium.find()
    if not path:
        print("[SKIP] there is no Chromium: on Debian, `apt-get install chromium`")
        return 0
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        processes = list(start_writing(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2], folder))
        with chromium.Chromium(path) as browser:
            end_writing(processes)
            for name in commands:
                for problem in problems(browser, folder / f"{name}.html"):
                    failed += 1
                    print(f"{name}: {problem}")
                for scheme in ("light", "dark") if len(sys.argv) > 3 else ():
                    browser.scheme(scheme)
                    browser.screenshot(pathlib.Path(sys.argv[3]) / f"{name}-{scheme}.png")
                browser.scheme("light")
            for expected, page in broken((folder / "tune.html").read_text()):
                (folder / "broken.html").write_text(page)
                sorting = expected in ("is not ascending", "after two presses", "rows came or went")
                found = problems(browser, folder / "broken.html", sorting)
                if not any(expected in problem for problem in found):
                    failed += 1
                    print(f"a page that was broken (`{expected}`) passed: {found}")
    print(f"{len(commands)} pages, {failed} problems")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
