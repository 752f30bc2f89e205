# shellcheck shell=bash
# What takes a node's log lines, and stops.

# Runs a node for each kind of reader that stops: it must start, answer, and end when it is told to. Where the reader
# goes on in the end it must get the last lines. A line for each kind: "KIND ok", or what went wrong.
cat_of_readers() {
    python3 - "$server" "$directory" "$CLEAT_PORT" <<'END'
import fcntl, os, pty, signal, socket, subprocess, sys, termios, threading, time

server, directory, port = sys.argv[1], sys.argv[2], int(sys.argv[3])

def fill(file):
    """Writes to FILE, through a description of its own if there can be one, until it takes no more."""
    try:
        other = os.open(f"/proc/self/fd/{file}", os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        other = os.dup(file)
        os.set_blocking(other, False)
    for size in (4096, 1):
        try:
            while True:
                os.write(other, b"." * size)
        except BlockingIOError:
            pass
    os.set_blocking(file, True)
    os.close(other)

def full_pipe():
    reader, writer = os.pipe()
    fill(writer)
    return reader, writer

def nearly_full_pipe():
    reader, writer = os.pipe()
    fill(writer)
    os.read(reader, 4096)
    return reader, writer

def non_blocking_pipe():
    reader, writer = full_pipe()
    os.set_blocking(writer, False)
    return reader, writer

def full_socket():
    left, right = socket.socketpair()
    fill(right.fileno())
    return left.detach(), right.detach()

def stopped_terminal():
    master, slave = pty.openpty()
    termios.tcflow(slave, termios.TCOOFF) # Ctrl-S
    return master, slave

def closed_pipe():
    reader, writer = os.pipe()
    os.close(reader)
    return None, writer

def full_disk():
    return None, os.open("/dev/full", os.O_WRONLY)

def ask(line, seconds=5):
    with socket.create_connection(("127.0.0.1", port), seconds) as one:
        one.settimeout(seconds)
        one.sendall(line)
        return one.makefile("rb").readline().split()[0]

def until(condition, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return True
        except (OSError, IndexError):
            pass
        time.sleep(0.02)
    return False

def read_all(reader, into):
    while True:
        try:
            got = os.read(reader, 65536)
        except OSError:
            return # of a terminal that nobody has any longer
        if not got:
            return
        into.append(got)

def run(kind, goes_on):
    reader, writer = kind()
    data = f"{directory}/{kind.__name__}-{goes_on}"
    node = subprocess.Popen([server, "--listen", f"127.0.0.1:{port}", "--data", data], stderr=writer,
                            stdin=subprocess.DEVNULL)
    got, thread = [], None
    try:
        if not until(lambda: ask(b"write a 1\nx\n") == b"OK"):
            return "it does not start"
        if not all(ask(b"ping\n") == b"PONG" for _ in range(10)):
            return "it does not answer"
        if goes_on and kind is stopped_terminal:
            termios.tcflow(writer, termios.TCOON)
        os.close(writer)
        writer = None
        if goes_on:
            thread = threading.Thread(target=read_all, args=(reader, got))
            thread.start()
        node.send_signal(signal.SIGTERM)
        try:
            status = node.wait(8)
        except subprocess.TimeoutExpired:
            return "it does not end"
        if status != 0:
            return f"it ended with {status}"
        if goes_on:
            thread.join(5)
            last = b"".join(got).splitlines()[-1]
            if b" event=stopped address=" not in last:
                return f"its last line is {last[:200]}"
        return "ok"
    finally:
        node.kill()
        node.wait()
        for file in (reader, writer):
            if file is not None and not (thread and thread.is_alive()):
                os.close(file)

for kind in (full_pipe, nearly_full_pipe, non_blocking_pipe, full_socket, stopped_terminal, closed_pipe, full_disk):
    print(kind.__name__, "stays:", run(kind, False))
    if kind not in (closed_pipe, full_disk):
        print(kind.__name__, "goes on:", run(kind, True))
END
}

# A node once waited in a write for a reader that had stopped: no ping was answered, and SIGTERM had no effect.
test_a_reader_of_log_lines_that_stops_holds_up_nothing() {
    local results
    use_cluster none
    results=$(cat_of_readers)
    same "$(grep -v ': ok$' <<<"$results" || true)" ""
    same "$(grep -c ': ok$' <<<"$results")" 12
}

# All nodes write to one pipe, as if they were a script's; it stops while they work.
test_a_paused_pipe_that_several_nodes_share() {
    local node reader
    use_cluster cluster
    export CLEAT_ARGS=
    mkfifo "$directory/log"
    cleanup() { rm -f "$CLEAT_DIR"/*/log; } # or whoever looks for last lines waits for them
    for node in 1 2 3; do
        mkdir -p "$CLEAT_DIR/$node"
        ln -s "$directory/log" "$CLEAT_DIR/$node/log"
    done
    cat "$directory/log" >"$directory/read" &
    reader=$!
    started+=("$reader")
    cluster up 3
    wait_for grep -q event=leader "$directory/read"
    kill -STOP "$reader"
    exec 8>"$directory/log"
    timeout 2 cat /dev/zero >&8 || true # it is full
    "$tools/hammer" --ports "$(ports 1 2 3)" --connections 4 --depth 8 --count 100 --alone --prefix h
    cluster kill "$(cluster leader)" # so that there is something to say
    node=$(cluster leader)
    "$tools/hammer" --ports "$(port "$node")" --connections 4 --depth 8 --count 100 --alone --prefix i
    for node in 1 2 3; do
        ! cluster pid "$node" >/dev/null 2>&1 || cluster stop "$node"
    done
    exec 8>&-
}

# What was lost in the meantime is counted, and told when there is somebody to tell it to.
test_lines_that_were_lost_are_counted() {
    local before after
    use_cluster cluster
    export CLEAT_ARGS=
    mkdir -p "$CLEAT_DIR/1"
    mkfifo "$CLEAT_DIR/1/log"
    cleanup() { rm -f "$CLEAT_DIR/1/log"; } # or whoever looks for last lines waits for them
    cat "$CLEAT_DIR/1/log" >"$directory/before" &
    before=$!
    started+=("$before")
    cluster up 3
    wait_for grep -q 'event=link_up peer=3 kind=consensus' "$directory/before"
    kill -KILL "$before"
    cluster kill 2
    cluster start 2
    wait_for links_are_up 3 2
    cat "$CLEAT_DIR/1/log" >"$directory/after" &
    after=$!
    started+=("$after")
    cluster kill 2
    wait_for grep -q 'event=link_down peer=2' "$directory/after"
    matches "$(head -n 1 "$directory/after")" "ts=* event=log_dropped count=+([1-9])*([0-9])"
}

links_are_up() { # NODE OTHER
    [[ $(status_of "$1" "$2" link) == up ]]
}

# A disk that is full takes half a line; what comes when there is room again begins a line of its own.
test_log_lines_to_a_file_on_a_full_disk() {
    local process
    ((EUID == 0)) || skip "mounting small file systems takes root"
    use_cluster cluster
    mkdir "$directory/small"
    cleanup() { umount -l "$directory/small"; }
    mount -t tmpfs -o size=64k cleat-e2e "$directory/small" 2>/dev/null || skip "nothing can be mounted here"
    dd if=/dev/zero of="$directory/small/filler" bs=4k count=15 2>/dev/null
    head -c 4000 /dev/zero | tr '\0' '\n' >"$directory/small/log" # the last block, nearly full
    background "$server" --listen "127.0.0.1:$(port 1)" --data "$directory/data" 2>>"$directory/small/log"
    process=$!
    wait_for ask_is 1 ping PONG
    ! grep -q event=leader "$directory/small/log" || fail "it is not full"
    rm "$directory/small/filler"
    kill -TERM "$process"
    wait "$process" || fail "it ended with $?"
    grep -qE '^ts=[^ ]* event=log_dropped count=[1-9][0-9]*$' "$directory/small/log" || fail "none is counted"
    grep -qE '^ts=[^ ]* event=shutdown$' "$directory/small/log" || fail "$(<"$directory/small/log")"
    matches "$(tail -n 1 "$directory/small/log")" "ts=* event=stopped *"
}

ask_is() { # NODE LINE REPLY
    [[ $(ask "$1" "$2" 2>/dev/null) == "$3" ]]
}
