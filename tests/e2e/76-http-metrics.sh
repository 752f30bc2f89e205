# shellcheck shell=bash
# What Prometheus and load balancers are told.

metrics() {
    curl -sS -m 10 "http://127.0.0.1:$(port "$1")/metrics"
}

# The value of series $2 of node $1.
metric() {
    metrics "$1" | awk -v series="$2" '$1 == series { print $2 }'
}

metric_is() { # NODE SERIES VALUE
    [[ $(metric "$1" "$2") == "$3" ]]
}

test_metrics_count_what_was_done() {
    fresh_cluster 3
    local leader other proposals
    leader=$(status 1 leader)
    other=$(others "$leader")
    other=${other%% *}
    proposals=$(metric "$leader" cleat_proposals_total)
    answers "$other" "write a 1" x "read a" "read b" "cas a 9 1" y "delete b" "write a 1 soon" z -- "OK 1" \
        "CONTENTS 1 1 0" x ERR_FILE_NOT_FOUND "ERR_VERSION 1" ERR_FILE_NOT_FOUND \
        "ERR_CMD_ERR exptime is not a plain number of seconds up to 4294967295"
    same "$(metric "$other" 'cleat_commands_total{verb="read",outcome="done"}')" 2
    same "$(metric "$other" 'cleat_commands_total{verb="write",outcome="done"}')" 1
    same "$(metric "$other" 'cleat_commands_total{verb="cas",outcome="not_so"}')" 1
    same "$(metric "$other" 'cleat_commands_total{verb="delete",outcome="not_so"}')" 1
    same "$(metric "$other" 'cleat_command_seconds_count{verb="read"}')" 2
    same "$(metric "$other" 'cleat_command_seconds_bucket{verb="read",le="+Inf"}')" 2
    same "$(metric "$other" 'cleat_errors_total{code="ERR_CMD_ERR"}')" 1
    same "$(metric "$other" cleat_proposals_total)" 3
    same "$(metric "$leader" cleat_proposals_total)" "$proposals" # those of its own clients
    same "$(metric "$leader" 'cleat_role{role="leader"}')" 1
    same "$(metric "$other" 'cleat_role{role="leader"}')" 0
    same "$(metric "$other" cleat_leader_id)" "$leader"
    same "$(metric "$other" cleat_files)" 1
    same "$(metric "$leader" cleat_elections_total)" 1
    same "$(metric "$leader" cleat_ready)" 1
    same "$(metric "$leader" cleat_voters_here)" 3
    same "$(metric "$other" cleat_voters_needed)" 2
    same "$(metric "$leader" cleat_window_commands)" 0
    (($(metric "$leader" cleat_wal_sync_seconds_count) > 0)) || fail "no syncs"
    # Another leader is counted by who is left.
    cluster kill "$leader"
    wait_for metric_is "$other" cleat_leader_changes_total 2
}

test_metrics_are_what_prometheus_reads() {
    command -v promtool >/dev/null || skip "promtool is missing: scripts/deps test"
    fresh_cluster 1
    answers 1 "write a 1" x -- "OK 1"
    metrics 1 | promtool check metrics || fail "promtool found something"
    matches "$(curl -sS -o /dev/null -w '%{content_type}' "http://127.0.0.1:$(port 1)/metrics")" \
        'text/plain; version=0.0.4*'
}

# What Prometheus on port $1 says of query $2.
query() {
    curl -sS -m 5 -G --data-urlencode "query=$2" "http://127.0.0.1:$1/api/v1/query" 2>/dev/null |
        jq -r '[.data.result[].value[1]] | join(" ")' 2>/dev/null
}

query_is() {
    [[ $(query "$1" "$2") == "$3" ]]
}

test_metrics_are_scraped_by_prometheus() {
    command -v prometheus >/dev/null || skip "prometheus is missing: scripts/deps test"
    fresh_cluster 3
    local own node targets=
    own=$(free_ports 1)
    answers 2 "write a 1" x "write b 1" y -- "OK 1" "OK 2"
    wait_for level 1 2 3
    for node in 1 2 3; do
        targets+="${targets:+, }'localhost:$(port "$node")'"
    done
    cat >"$directory/prometheus.yml" <<END
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: cleat
    static_configs:
      - targets: [$targets]
END
    background prometheus --config.file="$directory/prometheus.yml" --storage.tsdb.path="$directory/series" \
        --web.listen-address="127.0.0.1:$own" >"$directory/prometheus.log" 2>&1
    wait_for query_is "$own" 'sum(up{job="cleat"})' 3
    wait_for query_is "$own" 'cleat_files' "2 2 2"
    wait_for query_is "$own" 'sum(cleat_role{role="leader"})' 1
    wait_for query_is "$own" 'sum(cleat_command_seconds_count{verb="write"})' 2
    # A node that is gone is seen.
    cluster kill 3
    wait_for query_is "$own" 'sum(up{job="cleat"})' 2
}

test_metrics_readiness_follows_the_cluster() {
    fresh_cluster 3
    local node
    for node in 1 2 3; do
        wait_for ready "$node" 200
    done
    cluster kill 2
    cluster kill 3
    wait_for ready 1 503
    same "$(code 1 /livez)" 200
    cluster start 2
    wait_for ready 1 200
    wait_for ready 2 200
}

code() { # NODE PATH
    curl -sS -m 10 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$(port "$1")$2" 2>/dev/null || true
}

ready() { # NODE CODE
    [[ $(code "$1" /readyz) == "$2" ]]
}
