"""A headless Chromium, driven by the DevTools protocol over a pipe: standard library only, no port, no network.

    with Browser(find_chromium(), folder) as browser:
        page = browser.open(path, dark=True)
        page.evaluate("document.title")

What the page logs, throws and asks the network for is in page.messages and page.requests.
"""
import base64
import json
import os
import shutil
import subprocess
import threading


def find_chromium():
    """The path of a Chromium, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    return None


class Browser:
    # Longer than any page here takes on a crowded machine; a browser that hangs must not hang the tests.
    LIMIT_S = 120

    def __init__(self, program, folder):
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        # The browser reads its descriptor 3 and writes to 4. Without a sandbox of its own it also runs as root and in
        # containers; it only opens files that this test made.
        arguments = [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                     "--no-first-run", "--disable-background-networking", "--disable-component-update",
                     "--disable-default-apps", "--disable-sync", "--user-data-dir=" + os.path.join(folder, "profile"),
                     "--remote-debugging-pipe", "about:blank"]

        # Both ends may already be numbered 3 or 4, so they are moved out of the way first.
        shell = 'exec 8<&"$1" 9>&"$2"; shift 2; exec 3<&8 4>&9 8<&- 9>&-; exec "$@"'
        self._process = subprocess.Popen(["bash", "-c", shell, "browser", str(to_browser), str(from_browser), *arguments],
                                         pass_fds=(to_browser, from_browser), stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self._buffer = b""
        self._next_id = 0
        self._events = []
        self._alarm = threading.Timer(self.LIMIT_S, self._process.kill)
        self._alarm.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Asked to close, it ends its children and is done with its folder; the alarm ends it where it does not.
        try:
            self.call("Browser.close")
        except (OSError, RuntimeError):
            pass
        self._process.wait()
        self._alarm.cancel()
        os.close(self._write)
        os.close(self._read)

    def _receive(self):
        while b"\0" not in self._buffer:
            piece = os.read(self._read, 1 << 20)
            if not piece:
                raise RuntimeError("the browser has ended")
            self._buffer += piece
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, session=None, **parameters):
        self._next_id += 1
        message = {"id": self._next_id, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._write, data):]
        while True:
            answer = self._receive()
            if answer.get("id") == self._next_id:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self._events.append(answer)

    def wait_for(self, method, session):
        """Consumes events up to the first of this kind; those before it are kept for take_events."""
        seen = 0
        while True:
            while seen < len(self._events):
                event = self._events[seen]
                seen += 1
                if event.get("method") == method and event.get("sessionId") == session:
                    return event
            self._events.append(self._receive())

    def take_events(self, session):
        taken = [e for e in self._events if e.get("sessionId") == session]
        self._events = [e for e in self._events if e.get("sessionId") != session]
        return taken

    def open(self, path, dark=False, width=1280, height=900):
        return Page(self, path, dark, width, height)


class Page:
    def __init__(self, browser, path, dark, width, height):
        self._browser = browser
        self.url = "file://" + os.path.abspath(path)
        self.messages = []   # of the console: warnings, errors, exceptions, violated policies
        self.requests = []   # everything that was asked for, the page itself apart
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.call("Page.navigate", url=self.url)
        browser.wait_for("Page.loadEventFired", self._session)
        self.collect()

    def call(self, method, **parameters):
        return self._browser.call(method, self._session, **parameters)

    def collect(self):
        """Sorts what has come in since into messages and requests."""
        self.evaluate("0")  # an answer comes after the events before it
        for event in self._browser.take_events(self._session):
            method, data = event["method"], event["params"]
            if method == "Runtime.exceptionThrown":
                self.messages.append(json.dumps(data["exceptionDetails"]))
            elif method == "Runtime.consoleAPICalled":
                self.messages.append(json.dumps(data["args"]))
            elif method == "Log.entryAdded":
                self.messages.append(data["entry"]["text"])
            elif method == "Network.requestWillBeSent" and data["request"]["url"] != self.url:
                self.requests.append(data["request"]["url"])

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def move_pointer(self, x, y):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def screenshot(self, path, beyond=True):
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=beyond)
        size = self.call("Page.getLayoutMetrics")["cssContentSize"] if beyond else None
        if beyond:
            shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                             clip={"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1})
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    def print_pdf(self):
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"])
