"""Every verb, with every option at several values, on files that are there or not, by itself and in a transaction, in
the text protocol, over HTTP and by cleat: all must come to what SPEC says, and to the same.

    matrix.py VERB CLEAT PORT     the cases of VERB, against the node at PORT; a line for each that differs
    matrix.py --verbs             the verbs that have a row, or need none

A new verb is a row of VERBS, a line in expect(), and words in the ways (say_...) that have it. What a way cannot say is
told in cannot_say() or refused_by(), not left out in silence. Files are made, and looked at afterwards, in the text
protocol.
"""

import base64
import http.client
import json
import socket
import subprocess
import sys
from collections import namedtuple

LONGEST_S = 4294967295
VERSION_MAX = 2**64 - 1
JSON_MAX = 2**63 - 1
SLOW_S = 300  # no run takes longer; what remains of a life is compared so roughly

# What a verb takes. An option is given or not, at each of its values; `must` are those that are always given.
Verb = namedtuple("Verb", "options must targets", defaults=[(), ("none", "there", "mortal")])
ANY = ("none", "there", "mortal")
VERBS = {
    "write": Verb(("contents", "ttl"), ("contents",)),
    "set": Verb(("contents",), ("contents",)),
    "cas": Verb(("contents", "version", "ttl"), ("contents", "version")),
    "append": Verb(("contents", "ttl"), ("contents",)),
    "incr": Verb(("delta", "ttl"), ("delta",), ANY + ("text",)),
    "delete": Verb(("version",)),
    "touch": Verb(("ttl", "version"), ("ttl",)),
    "copy": Verb(("source", "version"), ("source",)),
    "move": Verb(("source", "version"), ("source",)),
    "swap": Verb(("source", "versions"), ("source",)),
    "read": Verb(("stale",)),
    "stat": Verb(("stale",)),
    "if": Verb(("condition",), ("condition",)),  # then a write of another file
    "list": Verb(("prefix", "after", "limit", "delim", "stale"), (), ("there",)),
    "cluster": Verb(("level",), ("level",), ("none",)),  # of no file: none comes of it
}
# No row, since they have no option that concerns files.
WITHOUT_ROW = ("txn", "commit", "cancel", "help", "ping", "version", "status", "quit")
VALUES = {
    "contents": ("", "x", 'two words "\\ \u00e9'),
    "ttl": (0, 600, LONGEST_S),
    "version": ("right", "wrong", "zero", "max"),
    "versions": ("right right", "right wrong", "wrong right", "wrong wrong", "zero right", "right zero", "max max"),
    "delta": (1, -(2**63) + 1000),
    "source": ("none", "there", "mortal"),
    "stale": (True,),
    "condition": ("present", "absent", "right", "wrong", "zero", "max"),
    "prefix": ("", "b"),  # behind the case's own
    "after": ("a", "b/"),
    "limit": (1, 3),
    "delim": ("/",),
    "level": (0, 1, 2, 65535, 65536),
}
READS = ("read", "stat", "list")
CHANGES = [verb for verb in VERBS if verb not in READS and verb != "cluster"]
LEVEL = 1  # the cluster's, and the highest that its nodes know
WAYS = ("text", "txn", "http", "json", "cleat", "script")
IN_TRANSACTION = ("txn", "json", "script")

# What a file is: `life` in seconds, 0 for ever.
File = namedtuple("File", "contents life version created")
FIXTURES = {"none": None, "there": ("5", 0), "mortal": ("7", 9000), "text": ("no number", 0)}


class Case:
    """One verb with its options, one way; its files have names of their own."""

    def __init__(self, number, verb, target, options, way, again):
        self.verb, self.target, self.options, self.way, self.again = verb, target, options, way, again
        self.name = f"{verb}/{number}/{way}"
        self.source_name = self.name + "/source"
        self.token = f"{verb}-{number}-{way}" if again else None
        self.before = self.source = None

    def get(self, option):
        return self.options.get(option)

    def version(self):
        """The number that the option stands for."""
        kind = self.get("version") or self.get("condition") or (self.get("versions") or "").split(" ")[0]
        return number_of(kind, self.before)

    def source_version(self):
        """Likewise, of the source."""
        return number_of((self.get("versions") or "").split(" ")[-1], self.source)

    def __str__(self):
        return f"{self.verb} of {self.target} with {self.options} by {self.way}" + (" twice" if self.again else "")


def number_of(kind, file):
    has = file.version if file else 0
    return {"right": has, "wrong": has + 1000000, "zero": 0, "max": VERSION_MAX}.get(kind)


def all_options(verb):
    """Each combination of the verb's options and their values."""
    combinations = [{}]
    for option in VERBS[verb].options:
        values = list(VALUES[option]) + ([] if option in VERBS[verb].must else [None])
        combinations = [dict(given, **({option: value} if value is not None else {}))
                        for given in combinations for value in values]
    return combinations


def all_cases(verb):
    number = 0
    for target in VERBS[verb].targets:
        for count, options in enumerate(all_options(verb)):
            for way in WAYS:
                for again in (False, True):
                    # Sent twice with one token: not each of them, and where a client may choose the token.
                    if again and (count % 3 or verb not in CHANGES or verb == "set" or way in ("cleat", "script")):
                        continue
                    number += 1
                    case = Case(number, verb, target, options, way, again)
                    if not cannot_say(case):
                        yield case


# --- what must come of it ---------------------------------------------------------------------------------------------


def cannot_say(case):
    """True where a way has no such verb or option at all."""
    if case.target == "none" and "right" in case.options.values():
        return True  # it would be "zero"
    versions = (case.get("versions") or "").split(" ")
    if (case.target == "none" and versions[0] == "right") or (case.get("source") == "none" and versions[-1] == "right"):
        return True  # likewise
    if case.verb == "set":
        return case.way not in ("text", "txn")
    if case.verb == "if":
        return case.way not in IN_TRANSACTION
    if case.verb == "list" and case.way == "cleat":
        return case.get("after") is not None or case.get("limit") is not None
    return False


def refused_by(case):
    """True where the way has the verb, but says no to what is asked."""
    if case.verb in READS:
        return case.way in IN_TRANSACTION
    if case.verb == "cluster":
        return case.way in IN_TRANSACTION or not 1 <= case.get("level") <= 65535
    if case.way == "json" and VERSION_MAX in (case.version(), case.source_version()):
        return True  # JSON's integers end before
    return case.way == "http" and case.verb == "delete" and case.version() == 0


def grown(case, contents):
    """The target with CONTENTS; a life is for what is created."""
    return (contents, case.before.life if case.before else case.get("ttl") or 0)


def changed(case):
    """What the target is then: contents and life, or None; or how it fails."""
    before, source = case.before, case.source
    if case.verb in ("write", "set", "cas"):
        return (case.get("contents"), case.get("ttl") or 0)
    if case.verb == "append":
        return grown(case, (before.contents if before else "") + case.get("contents"))
    if case.verb == "incr":
        try:
            number = int(before.contents if before else 0) + case.get("delta")
        except ValueError:
            return "ERR_NOT_A_NUMBER"
        return grown(case, str(number))
    if case.verb == "touch":
        return (before.contents, case.get("ttl"))
    return None if case.verb == "delete" else (source.contents, source.life)


def expect_swap(case):
    """As expect: both files are there before either's version is looked at. What fails is told with its name."""
    files = ((case.name, case.before, case.version()), (case.source_name, case.source, case.source_version()))
    for name, file, _ in files:
        if not file:
            given = case.way == "http" and name == case.name and case.version() not in (None, 0)
            return (("ERR_VERSION", 0, name) if given else ("ERR_FILE_NOT_FOUND", name)), case.before
    for name, file, wants in files:
        if wants not in (None, file.version):
            return ("ERR_VERSION", file.version, name), case.before
    return ("ok", None), changed(case)


def expect(case):
    """The answer and what the target is then. Of a file that is not there HTTP says that its version is not the one."""
    has, wants = case.before.version if case.before else 0, case.version()
    if refused_by(case):
        return ("ERR_CMD_ERR",), case.before
    if case.verb == "cluster":
        return (("ok", str(LEVEL)) if case.get("level") <= LEVEL else ("ERR_UPGRADE",)), None
    if case.verb == "list":
        return ("ok", listed(case)), case.before
    if case.verb in ("read", "stat"):
        return (("ok", case.before) if case.before else ("ERR_FILE_NOT_FOUND",)), case.before
    if case.get("condition") == "present" and not case.before:
        return ("ERR_FILE_NOT_FOUND",), None
    wants = 0 if case.get("condition") == "absent" else wants
    if case.verb == "swap":
        return expect_swap(case)
    if case.verb in ("copy", "move") and not case.source:
        return ("ERR_FILE_NOT_FOUND",), case.before
    if case.verb in ("delete", "touch") and not case.before:
        condition = case.way == "http" and case.get("version") in ("right", "wrong", "max")
        return (("ERR_VERSION", 0) if condition else ("ERR_FILE_NOT_FOUND",)), None
    if wants is not None and wants != has:
        return ("ERR_VERSION", has), case.before
    if case.verb == "if":
        return ("ok", None), case.before
    result = changed(case)
    if isinstance(result, str):
        return (result,), case.before
    return ("ok", result[0] if case.verb == "incr" and case.way not in IN_TRANSACTION else None), result


def listed(case):
    """The lines of the listing, and whether there are more."""
    prefix, after, delim = case.name + "/" + (case.get("prefix") or ""), case.get("after"), case.get("delim")
    lines = []
    for file in LISTED:
        name = case.name + "/" + file
        if not name.startswith(prefix) or (after and name <= case.name + "/" + after):
            continue
        end = name.find(delim, len(prefix)) + 1 if delim else 0
        line = name[:end] if end else name
        if after and line == case.name + "/" + after:
            continue
        if line not in lines:
            lines.append(line)
    limit = case.get("limit") or len(lines)
    return lines[:limit], len(lines) > limit


LISTED = ("a", "b", "b/c", "b/d", "e")


# --- the ways ---------------------------------------------------------------------------------------------------------


class Text:
    """A connection in the text protocol."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.file = self.socket.makefile("rb")

    def send(self, lines):
        self.socket.sendall(lines.encode())

    def answer(self):
        """The words of the next answer, and its contents."""
        words = self.file.readline().decode().split()
        if words[0] not in ("CONTENTS", "LIST"):
            return words, None
        contents = self.file.read(int(words[2]))
        self.file.readline()
        return words, contents.decode()


def condition_word(case):
    kind = case.get("condition")
    return kind if kind in ("present", "absent") else str(case.version())


def say_list(case):
    after, limit, delim = case.get("after"), case.get("limit"), case.get("delim")
    words = ["list", case.name + "/" + (case.get("prefix") or "")]
    words += [f"after={case.name}/{after}"] if after else []
    words += [f"limit={limit}"] if limit else []
    words += [f"delim={delim}"] if delim else []
    return words + (["stale"] if case.get("stale") else [])


def swapped(case):
    """The words behind swap, which are the same in text, for cleat and in its scripts."""
    versions = [str(case.version()), str(case.source_version())] if case.get("versions") else []
    return [case.name, case.source_name, *versions]


def say_line(case):
    """The line of the text protocol, with contents and without once=."""
    version, ttl, contents = case.version(), case.get("ttl"), case.get("contents")
    words = [case.verb]
    if case.verb == "set":
        return f"set {case.name} {contents}\n", ""
    if case.verb == "if":
        return f"if {case.name} {condition_word(case)}\nwrite {case.source_name} 4", "done\n"
    if case.verb == "list":
        return " ".join(say_list(case)), ""
    if case.verb == "swap":
        return " ".join(words + swapped(case)), ""
    if case.verb == "cluster":
        return f"cluster level {case.get('level')}", ""
    words += [case.source_name] if case.get("source") else []
    words += [case.name]
    words += [str(version)] if version is not None and case.verb != "touch" else []
    words += [str(case.get("delta"))] if case.get("delta") is not None else []
    words += [str(len(contents.encode()))] if contents is not None else []
    words += [str(ttl)] if ttl is not None else []
    words += [str(version)] if version is not None and case.verb == "touch" else []
    words += ["stale"] if case.get("stale") else []
    return " ".join(words), contents + "\n" if contents is not None else ""


def read_text(case, words, contents):
    """An answer of the text protocol."""
    if case.verb == "cluster" and words[0] == "OK":
        return ("ok", *words[1:]), None
    if words[0] == "OK":
        return ("ok", words[2] if len(words) > 2 else None), int(words[1]) if len(words) > 1 else None
    if words[0] == "ERR_VERSION":
        return ("ERR_VERSION", int(words[1]), *named(case, words[2:])), None
    if words[0] == "CONTENTS":
        return ("ok", File(contents, int(words[3]), int(words[1]), None)), None
    if words[0] == "LIST":
        return ("ok", ([line.split()[0] for line in contents.splitlines()], words[3] == "more")), None
    if words[0] == "STAT":
        values = dict(word.split("=") for word in words[1:] if "=" in word)
        return ("ok", File(None, int(values["exptime"]), int(values["version"]), int(values["created"]))), None
    return (words[0], *(named(case, words[1:]) if words[0] == "ERR_FILE_NOT_FOUND" else [])), None


def named(case, names):
    """Which file failed, of a verb of which either may."""
    return names if case.verb == "swap" else []


def by_text(case, link):
    line, contents = say_line(case)
    once = f" once={case.token}" if case.token else ""
    if case.verb == "set":
        line, once = line[:-1], ""
    if case.way == "txn":
        link.text.send(f"txn{once}\n{line}\n{contents}commit\n")
    else:
        link.text.send(f"{line}{once}\n{contents}")
    return read_text(case, *link.text.answer())


def read_json(case, answer):
    """An answer in JSON, as HTTP and cleat give it."""
    if answer.get("ok"):
        value = answer.get("value", answer.get("level"))
        return ("ok", None if value is None else str(value)), answer.get("version")
    if answer["error"] == "ERR_VERSION":
        return ("ERR_VERSION", answer["version"], *named(case, [answer["name"]])), None
    names = named(case, [answer["name"]]) if answer["error"] == "ERR_FILE_NOT_FOUND" else []
    return (answer["error"], *names), None


def http_condition(case):
    if case.get("version") is None and case.get("versions") is None:
        return {}
    if case.version() == 0:
        return {"If-None-Match": "*"}
    return {"If-Match": f'"{case.version()}"'}


def list_by_http(case, link):
    query = {"prefix": case.name + "/" + (case.get("prefix") or ""), "limit": case.get("limit"),
             "after": case.get("after") and case.name + "/" + case.get("after"), "delimiter": case.get("delim")}
    path = "/files?" + "&".join(f"{key}={value}" for key, value in query.items() if value is not None)
    status, _, text = link.request("GET", path + ("&stale" if case.get("stale") else ""), None, {})
    answer = json.loads(text)
    if status != 200 or answer.get("stale", False) != bool(case.get("stale")):
        return (f"{status}: {text}",), None
    return ("ok", (sorted(item["name"] for item in answer["files"] + answer.get("folders", [])), answer["more"])), None


def by_http(case, link):
    if case.verb == "list":
        return list_by_http(case, link)
    headers, query, body, method = http_condition(case), [], None, "POST"
    if case.token:
        headers["Idempotency-Key"] = case.token
    if case.verb in ("read", "stat"):
        method = "GET" if case.verb == "read" else "HEAD"
        query = ["stale"] if case.get("stale") else []
    elif case.verb == "delete":
        method = "DELETE"
    elif case.verb in ("write", "cas"):
        method = "PUT"
    else:
        query = [f"op={case.verb}"]
    if case.verb == "cluster":
        _, _, text = link.request(method, f"/cluster?level={case.get('level')}", None, {})
        return read_json(case, json.loads(text))
    query += [f"ttl={case.get('ttl')}"] if case.get("ttl") is not None else []
    query += [f"delta={case.get('delta')}"] if case.get("delta") is not None else []
    query += [f"from={case.source_name}"] if case.get("source") else []
    query += [f"from_version={case.source_version()}"] if case.get("versions") else []
    if case.get("contents") is not None:
        body = case.get("contents").encode()
    path = f"/files/{case.name}" + ("?" + "&".join(query) if query else "")
    status, got, text = link.request(method, path, body, headers)
    if case.verb in ("read", "stat") and status == 200:
        life = int(got.get("Cleat-Expires-In") or 0)
        return ("ok", File(text if method == "GET" else None, life, int(got["ETag"].strip('"')), None)), None
    if method == "HEAD":
        return ("ERR_FILE_NOT_FOUND" if status == 404 else str(status),), None
    return read_json(case, json.loads(text))


def by_json(case, link):
    change = {"op": case.verb, "name": case.name, "ttl": case.get("ttl"), "version": case.version(),
              "delta": case.get("delta"), "from": case.source_name if case.get("source") else None,
              "from_version": case.source_version()}
    if case.get("contents") is not None and case.target == "there":
        change["base64"] = base64.b64encode(case.get("contents").encode()).decode()
    else:
        change["text"] = case.get("contents")
    change = {key: value for key, value in change.items() if value is not None}
    body = {"do": [change]}
    if case.verb == "if":
        kind = case.get("condition")
        condition = {kind: True} if kind in ("present", "absent") else {"version": case.version()}
        body = {"if": [{"name": case.name, **condition}],
                "do": [{"op": "write", "name": case.source_name, "text": "done"}]}
    headers = {"Content-Type": "application/json"}
    if case.token:
        headers["Idempotency-Key"] = case.token
    _, _, text = link.request("POST", "/txn", json.dumps(body).encode(), headers)
    return read_json(case, json.loads(text))


def say_cleat(case):
    """The words behind `cleat`."""
    verbs = {"write": "put", "delete": "rm", "copy": "cp", "move": "mv", "read": "get"}
    words, version = [verbs.get(case.verb, case.verb)], case.version()
    if case.verb == "list":
        words = ["ls", case.name + "/" + (case.get("prefix") or "")] + ([] if case.get("delim") else ["-r"])
        return words + (["--stale"] if case.get("stale") else [])
    if case.verb == "swap":
        return words + swapped(case)
    if case.verb == "cluster":
        return ["level", str(case.get("level"))]
    words += [case.source_name] if case.get("source") else []
    words += [case.name]
    if case.verb == "cas":
        words += [str(version)]
    elif version == 0 and case.get("source"):
        words += ["--create"]
    elif version is not None:
        words += ["--if-version", str(version)]
    words += [str(case.get("delta"))] if case.get("delta") is not None else []
    if case.get("ttl") is not None:
        words += [str(case.get("ttl"))] if case.verb == "touch" else ["--ttl", str(case.get("ttl"))]
    words += ["--text", case.get("contents")] if case.get("contents") is not None else []
    words += ["--stale"] if case.get("stale") else []
    return words


EXITS = {"ok": 0, "ERR_UPGRADE": 1, "ERR_FILE_NOT_FOUND": 3, "ERR_VERSION": 4, "ERR_CMD_ERR": 2, "ERR_NOT_A_NUMBER": 1}


def by_cleat(case, link):
    words, script = say_cleat(case), None
    if case.way == "script":
        words, script = ["txn"], say_script(case)
    done = subprocess.run([link.cleat, "--json", *words], input=script, capture_output=True, text=True, timeout=60)
    if done.returncode == 2:
        return ("ERR_CMD_ERR",), None
    if case.verb == "list":
        return ("ok", (sorted(json.loads(line)["name"] for line in done.stdout.splitlines()), False)), None
    answer = json.loads(done.stdout)
    if case.verb in ("read", "stat") and done.returncode == 0:
        return ("ok", File(answer.get("text"), answer["ttl"], answer["version"], answer.get("created"))), None
    result = read_json(case, answer)
    if done.returncode != EXITS[result[0][0]]:
        return (f"exit status {done.returncode} with {result}",), None
    return result


def say_script(case):
    """A line of cleat's transactions."""
    words, version, contents = [case.verb], case.version(), case.get("contents")
    ttl = case.get("ttl")
    if case.verb == "if":
        return f"if {case.name} {condition_word(case)}\nwrite {case.source_name} done\n"
    if case.verb == "swap":
        return " ".join(words + swapped(case)) + "\n"
    if case.verb == "cluster":
        return f"cluster level {case.get('level')}\n"
    words += [case.source_name] if case.get("source") else []
    words += [case.name]
    if case.verb == "touch":
        words += [str(ttl)]
        ttl = None
    words += [str(version)] if version is not None else []
    words += [str(case.get("delta"))] if case.get("delta") is not None else []
    if contents is not None:
        words += ['"' + contents.replace("\\", "\\\\").replace('"', '\\"') + '"']
    words += [f"ttl={ttl}"] if ttl is not None else []
    return " ".join(words) + "\n"


BY = {"text": by_text, "txn": by_text, "http": by_http, "json": by_json, "cleat": by_cleat, "script": by_cleat}


class Link:
    """How the node is reached."""

    def __init__(self, cleat, port):
        self.cleat, self.text = cleat, Text(port)
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def request(self, method, path, body, headers):
        self.http.request(method, path, body, headers)
        response = self.http.getresponse()
        return response.status, response.headers, response.read().decode()


# --- a run ------------------------------------------------------------------------------------------------------------


def look(link, names):
    """The files of NAMES, None for what is not there."""
    files = []
    for at in range(0, len(names), 100):
        some = names[at:at + 100]
        link.text.send("".join(f"stat {name}\nread {name}\n" for name in some))
        for _ in some:
            stat, _ = link.text.answer()
            read, contents = link.text.answer()
            if stat[0] == "ERR_FILE_NOT_FOUND":
                files.append(None)
                continue
            values = dict(word.split("=") for word in stat[1:])
            files.append(File(contents, int(read[3]), int(read[1]), int(values["created"])))
    return files


def make(link, files):
    """FILES: (name, one of FIXTURES), those that are none left out."""
    files = [(name, FIXTURES[kind]) for name, kind in files if FIXTURES[kind]]
    for at in range(0, len(files), 100):
        some = files[at:at + 100]
        link.text.send("".join(f"write {name} {len(text)} {life}\n{text}\n" for name, (text, life) in some))
        for _ in some:
            assert link.text.answer()[0][0] == "OK"


def lives(is_s, expected_s):
    """What remains may be less than what was given, by how long the run takes."""
    return is_s == 0 if expected_s == 0 else expected_s - SLOW_S < is_s <= expected_s


def same_file(is_, expected):
    """What IS_ does not tell may be anything."""
    if is_ is None or expected is None:
        return is_ is expected
    return ((is_.contents is None or is_.contents == expected.contents) and lives(is_.life, expected.life) and
            is_.version == expected.version and (is_.created is None or is_.created == expected.created))


def same_answer(is_, expected):
    if len(is_) > 1 and len(expected) > 1 and isinstance(is_[1], File):
        return is_[0] == expected[0] and same_file(is_[1], expected[1])
    return is_ == expected


def wrong_version(case, version, after):
    """Of what was done: the version that was told is the file's, but of a transaction that leaves files as they are."""
    if case.verb == "touch":
        if case.way not in IN_TRANSACTION and version != after.version:
            return "the version that was told is not the file's"
        return None if after.version == case.before.version else "the version is another one"
    if case.verb == "delete":
        return None
    if after.version != version:
        return "the version that was told is not the file's"
    return None if after.created == (case.before.created if case.before else version) else "created is wrong"


def judge(case, first, second, after, source_after):
    """None, or what is wrong."""
    answer, version = first
    expected, state = expect(case)
    if not same_answer(answer, expected):
        return f"got {answer}, expected {expected}"
    if second and second != first:
        return f"with the same token got {second} after {first}"
    if case.verb == "if" and expected[0] == "ok":
        return None if source_after and source_after.version == version else "the change was not made"
    done = expected[0] == "ok"
    source = None if case.verb == "move" and done else case.source
    if case.verb == "swap" and done:
        source = File(case.before.contents, case.before.life, version, case.source.created)
    if not same_file(source_after, source):
        return f"the source is {source_after}"
    if expected[0] != "ok":
        return None if same_file(after, case.before) else f"it was changed to {after}, though {expected}"
    if case.verb in READS or state is None:
        return None if same_file(after, state) else f"is {after}, expected {state}"
    if after is None or after.contents != state[0] or not lives(after.life, state[1]):
        return f"is {after}, expected {state}"
    return wrong_version(case, version, after)


def run(verb, cleat, port):
    link = Link(cleat, port)
    cases = list(all_cases(verb))
    make(link, [(case.name, case.target) for case in cases])
    make(link, [(case.source_name, case.get("source") or "none") for case in cases])
    make(link, [(case.name + "/" + file, "there") for case in cases for file in LISTED if verb == "list"])
    for case, before, source in zip(cases, look(link, [case.name for case in cases]),
                                    look(link, [case.source_name for case in cases])):
        case.before, case.source = before, source
    answers = [(BY[case.way](case, link), BY[case.way](case, link) if case.again else None) for case in cases]
    failures = 0
    for case, (first, second), after, source in zip(cases, answers, look(link, [case.name for case in cases]),
                                                    look(link, [case.source_name for case in cases])):
        wrong = judge(case, first, second, after, source)
        if wrong:
            failures += 1
            print(f"{case}: {wrong}")
    print(f"{verb}: {len(cases)} cases, {failures} wrong")
    return 1 if failures or not cases else 0


if __name__ == "__main__":
    if sys.argv[1] == "--verbs":
        print("\n".join([*VERBS, *WITHOUT_ROW]))
    else:
        sys.exit(run(sys.argv[1], sys.argv[2], int(sys.argv[3])))
