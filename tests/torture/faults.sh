# shellcheck shell=bash
# What scripts/torture does to nodes and to the network between them, and what it then knows of them.
#
# It sources this and has what is used here: `cluster`, which is scripts/cluster; `tell_load` and `tell_relay`, which
# give orders to these programs, $load and $relay; $dir, $duration, $nodes. All is drawn from RANDOM, so the seed
# decides it.
#
# shellcheck disable=SC2154 # they are set there

# --- numbers ---------------------------------------------------------------------------------------------------------

# Sets $rolled to one of 0 to $1 - 1. Not for subshells: they would not move the seed on.
roll() {
    rolled=$(((RANDOM << 15 | RANDOM) % $1))
}

# Sets $rolled to one of the arguments.
choose() {
    local -a choices=("$@")
    roll $#
    rolled=${choices[rolled]}
}

# Sets $shuffled to the nodes, in any order.
shuffle() {
    local i other
    shuffled=("${nodes[@]}")
    for ((i = ${#shuffled[@]} - 1; i > 0; i--)); do
        roll $((i + 1))
        other=${shuffled[rolled]}
        shuffled[rolled]=${shuffled[i]}
        shuffled[i]=$other
    done
}

# Waits from $1 to $2 ms.
linger() {
    roll $(($2 - $1))
    sleep "$(printf '%d.%03d' $((($1 + rolled) / 1000)) $((($1 + rolled) % 1000)))"
}

# --- what is known of the cluster ------------------------------------------------------------------------------------

declare -A state=()  # by node: up, paused or down
declare -A voter=()  # by node: empty where its data directory was wiped
declare -A cut=()    # by "FROM TO": set where nothing gets through in time
declare -A counts=() # of faults, by kind
majority=yes
absent=      # a node that is not healed for now
failures=()  # what nodes did that they must not

connected() { # A B
    [[ ${state[$1]} == up && ${state[$2]} == up && -n ${voter[$1]} && -n ${voter[$2]} ]] &&
        [[ -z ${cut["$1 $2"]:-} && -z ${cut["$2 $1"]:-} ]]
}

majority_connected() {
    local a b c
    for a in "${nodes[@]}"; do
        for ((b = a + 1; b <= ${#nodes[@]}; b++)); do
            connected "$a" "$b" || continue
            for ((c = b + 1; c <= ${#nodes[@]}; c++)); do
                ! connected "$a" "$c" || ! connected "$b" "$c" || return 0
            done
        done
    done
    return 1
}

# Tells the clients whether their changes should succeed from now on.
reckon() {
    local now=no
    ! majority_connected || now=yes
    [[ $now != "$majority" ]] || return 0
    majority=$now
    tell_load "majority $now"
}

note() { # KIND WHAT...
    counts[$1]=$((${counts[$1]:-0} + 1))
    tell_load "note $*"
    [[ -z ${VERBOSE:-} ]] || printf '%s\n' "$*" >&2
}

# --- nodes -----------------------------------------------------------------------------------------------------------

# Sets $leader to who last said that it leads; to any node, if nobody did.
find_leader() {
    roll ${#nodes[@]}
    leader=$(tail -qn 100 "$dir"/nodes/?/log | sed -n 's/.*event=leader term=\([0-9]*\) leader=\([0-9]*\) .*/\1 \2/p' |
        sort -n | tail -n 1 | cut -d ' ' -f 2)
    leader=${leader:-${nodes[rolled]}}
}

# In $shuffled.
put_leader_first() {
    local node
    local -a rest=("${shuffled[@]}")
    find_leader
    shuffled=("$leader")
    for node in "${rest[@]}"; do
        [[ $node == "$leader" ]] || shuffled+=("$node")
    done
}

start() {
    local node=$1
    [[ ${state[$node]} == down ]] || return 0
    cluster start "$node" || failures+=("node $node did not start")
    state[$node]=up
}

resume() {
    [[ ${state[$1]} == paused ]] || return 0
    cluster resume "$1" || failures+=("node $1 ended while it was paused")
    state[$1]=up
}

# Node $1 is to be up: it must not have ended by itself.
expect_up() {
    cluster pid "$1" >/dev/null 2>&1 || {
        failures+=("node $1 ended by itself")
        state[$1]=down
    }
}

kill_node() {
    [[ ${state[$1]} != down ]] || return 0
    note kill "$1"
    state[$1]=down
    reckon
    cluster kill "$1" || failures+=("node $1 ended by itself")
}

stop_node() {
    [[ ${state[$1]} == up ]] || return 0
    note stop "$1"
    state[$1]=down
    reckon
    cluster stop "$1" || {
        failures+=("node $1 did not end when it was told to")
        cluster kill "$1" || true
    }
}

pause_node() {
    [[ ${state[$1]} == up ]] || return 0
    note pause "$1"
    state[$1]=paused
    reckon
    cluster pause "$1" || failures+=("node $1 ended by itself")
}

# An empty disk: the node is a learner from then on, and the others have one to lose less.
wipe_node() {
    kill_node "$1"
    note wipe "$1"
    voter[$1]=
    cluster wipe "$1"
    start "$1"
    reckon
}

# --- the network -----------------------------------------------------------------------------------------------------

# Cuts the direction from $1 to $2, in the way that $cutting says.
sever() {
    [[ $1 != "$2" ]] || return 0
    cut["$1 $2"]=1
    tell_relay "$cutting" "$1" "$2"
}

# Both directions.
part() {
    sever "$1" "$2"
    sever "$2" "$1"
}

# Cuts off all that the lists of pairs "A-B" do not name.
keep_only() {
    local a b
    for a in "${nodes[@]}"; do
        for ((b = a + 1; b <= ${#nodes[@]}; b++)); do
            [[ " $* " == *" $a-$b "* || " $* " == *" $b-$a "* ]] || part "$a" "$b"
        done
    done
}

# Network faults: a function each. $shuffled are the nodes in any order, but for the leader, which is often first.
net_isolated() {
    local other
    for other in "${nodes[@]}"; do part "${shuffled[0]}" "$other"; done
}

net_deaf() {
    local other
    for other in "${nodes[@]}"; do sever "$other" "${shuffled[0]}"; done
}

net_mute() {
    local other
    for other in "${nodes[@]}"; do sever "${shuffled[0]}" "$other"; done
}

# The first is heard by one other only; and either hears all, or that one only.
net_half() {
    local other
    roll 2
    for other in "${shuffled[@]:2}"; do
        sever "${shuffled[0]}" "$other"
        ((rolled == 0)) || sever "$other" "${shuffled[0]}"
    done
}

net_halves() {
    local -a s=("${shuffled[@]}")
    keep_only "${s[0]}-${s[1]}" "${s[2]}-${s[3]}" "${s[3]}-${s[4]}" "${s[2]}-${s[4]}"
}

# Two and two, and one that reaches all.
net_bridge() {
    local -a s=("${shuffled[@]}")
    part "${s[1]}" "${s[3]}"
    part "${s[1]}" "${s[4]}"
    part "${s[2]}" "${s[3]}"
    part "${s[2]}" "${s[4]}"
}

net_ring() {
    local -a s=("${shuffled[@]}")
    keep_only "${s[0]}-${s[1]}" "${s[1]}-${s[2]}" "${s[2]}-${s[3]}" "${s[3]}-${s[4]}" "${s[4]}-${s[0]}"
}

net_chain() {
    local -a s=("${shuffled[@]}")
    keep_only "${s[0]}-${s[1]}" "${s[1]}-${s[2]}" "${s[2]}-${s[3]}" "${s[3]}-${s[4]}"
}

net_random() {
    local a b
    for a in "${nodes[@]}"; do
        for b in "${nodes[@]}"; do
            roll 10
            ((rolled >= 3)) || sever "$a" "$b"
        done
    done
}

net_slow() {
    local a b
    for a in "${nodes[@]}"; do
        for b in "${nodes[@]}"; do
            roll 250
            if [[ $a == "$b" ]] || ((rolled >= 150)); then
                continue
            fi
            tell_relay delay "$a" "$b" "$rolled"
            # An election is three ways of such a length, within 150 to 300 ms.
            ((rolled < 30)) || cut["$a $b"]=1
        done
    done
}

net_resets() {
    local i
    for ((i = 0; i < 10; i++)); do
        shuffle
        tell_relay reset "${shuffled[0]}" "${shuffled[1]}"
        linger 5 100
    done
}

break_network() {
    shuffle
    roll 3
    ((rolled == 0)) || put_leader_first
    choose hold lose
    cutting=$rolled
    choose isolated isolated deaf mute half half halves bridge ring chain random slow resets
    local kind=$rolled
    note "$kind" "$cutting" "${shuffled[@]}"
    "net_$kind"
    reckon
}

heal_network() {
    tell_relay heal
    cut=()
}

# --- rounds ----------------------------------------------------------------------------------------------------------

break_processes() {
    local node
    shuffle
    roll 3
    ((rolled > 0)) || put_leader_first
    roll 20
    case $rolled in
        0) for node in "${nodes[@]}"; do kill_node "$node"; done ;;
        1 | 2 | 3) kill_node "${shuffled[1]}" && kill_node "${shuffled[0]}" ;;
        [4-9]) kill_node "${shuffled[0]}" ;;
        1[0-2]) stop_node "${shuffled[0]}" ;;
        13) pause_node "${shuffled[1]}" && pause_node "${shuffled[0]}" ;;
        1[4-7]) pause_node "${shuffled[0]}" ;;
        1[89])
            note clients 20
            tell_load "break 20"
            ;;
    esac
}

heal_processes() {
    local node
    shuffle
    for node in "${shuffled[@]}"; do
        [[ $node != "$absent" ]] || continue
        [[ ${state[$node]} != up ]] || expect_up "$node"
        resume "$node"
        start "$node"
    done
}

# A few faults on top of each other, then none for a moment.
round() {
    roll 10
    ((rolled < 2)) || break_network
    linger 50 900
    roll 10
    if ((rolled < 7)); then
        break_processes
        linger 20 1000
        roll 10
        if ((rolled < 3)); then
            break_processes
            linger 20 800
        fi
    fi
    roll 2
    if ((rolled == 0)); then
        heal_network
        reckon
        linger 10 500
        heal_processes
    else
        heal_processes
        linger 10 500
        heal_network
    fi
    reckon
    linger 50 800
}

torment() {
    local begun=$SECONDS wiped=0 until=0
    while ((SECONDS - begun < duration)) && kill -0 "$load" 2>/dev/null && kill -0 "$relay" 2>/dev/null; do
        # Half way one node loses its disk. Two lost ones leave no more than a majority, so that is for later, and only
        # where there is much time.
        if ((wiped == 0 && SECONDS - begun >= duration / 2)) ||
            ((wiped == 1 && duration >= 300 && SECONDS - begun >= duration * 3 / 4)); then
            shuffle
            wiped=$((wiped + 1))
            [[ -n ${voter[${shuffled[0]}]} ]] || shuffled[0]=${shuffled[1]}
            [[ ${shuffled[0]} != "$absent" ]] || absent=
            wipe_node "${shuffled[0]}"
        fi
        # In long runs a node is away for half a minute now and then, until the others have forgotten what it needs.
        if [[ -n $absent ]] && ((SECONDS >= until)); then
            absent=
        elif [[ -z $absent ]] && ((duration >= 120 && wiped < 2 && SECONDS - begun > 20 && SECONDS >= until + 30)); then
            shuffle
            absent=${shuffled[0]}
            until=$((SECONDS + 35))
            kill_node "$absent"
        fi
        round
    done
    absent=
    heal_network
    heal_processes
    reckon
}
