# Tables of what was measured, from a .tsv with a head line; -v table=KIND says which. Used by tests/bench/report.
#
#   peers.tsv      round system op shape ops_s p50_ms p99_ms errors      rate, ratio, latency, rate_data
#   facts.tsv      system measure number value                           facts, facts_data
#   growth.tsv     axis value op ops_s p99_ms rss_mib                    growth
#   failover.tsv   signal number ms                                      failover
#   http.tsv       round system op ops_s p50_ms p99_ms errors            http
#   tails.tsv      condition op p50_ms p99_ms p99_9_ms max_ms snapshots  tails
#   readers.tsv    round readers p50_ms p99_ms max_ms per_second large_mib_s  readers

BEGIN {
    # up to the comma: who it is
    label["redis"] = "Redis, 1 node, not replicated"
    label["etcd"] = "etcd, 3 nodes"
    label["zookeeper"] = "ZooKeeper, 3 nodes"
    label["cleat"] = "Cleat, 3 nodes"
    label["cleat-spread"] = "Cleat, 3 nodes, clients at all"
    label["cleat-5"] = "Cleat, 5 nodes"
    split("write read", ops, " ")
}

FNR == 1 { next }

table ~ /^(rate|ratio|latency|rate_data)$/ {
    remember_system($2)
    if (!($4 in shape_seen)) {
        shape_seen[$4] = 1
        shapes[++shape_count] = $4
    }
    if ($1 > rounds)
        rounds = $1
    rate[$1, $2, $3, $4] = $5
    late[$1, $2, $3, $4] = $7
    errors[$3] += $8
}

table ~ /^facts/ {
    remember_system($1)
    if ($3 > trials[$1, $2])
        trials[$1, $2] = $3
    value[$1, $2, $3] = $4
}

table == "failover" {
    if (!($1 in pause_count))
        signals[++signal_count] = $1
    pauses[$1, ++pause_count[$1]] = $3
}

table == "growth" {
    if (!(($1, $2) in memory))
        points[++point_count] = $1 SUBSEP $2
    point[$1, $2, $3] = commas($4) "\t" short($5)
    memory[$1, $2] = $6
}

table == "http" {
    remember_system($2)
    if ($1 > rounds)
        rounds = $1
    rate[$1, $2, $3] = $4
    middles[$1, $2, $3] = $5
    late[$1, $2, $3] = $6
}

table == "tails" { tail_lines[++tail_count] = $0 }

table == "readers" {
    if (!($2 in reader_rounds))
        reader_counts[++reader_count] = $2
    reader_rounds[$2]++
    for (i = 3; i <= 7; i++)
        reader_figures[$2, i, reader_rounds[$2]] = $i
}

END {
    if (table == "rate")
        print_rates()
    else if (table == "ratio")
        print_ratios()
    else if (table == "latency")
        print_latencies()
    else if (table == "rate_data")
        print_rate_data()
    else if (table == "facts")
        print_facts()
    else if (table == "facts_data")
        print_facts_data()
    else if (table == "growth")
        print_growth()
    else if (table == "failover")
        print_failover()
    else if (table == "http")
        print_http()
    else if (table == "tails")
        print_tails()
    else if (table == "readers")
        print_readers()
}

function remember_system(who) {
    if (!(who in system_seen)) {
        system_seen[who] = 1
        systems[++system_count] = who
    }
}

# --- numbers ---------------------------------------------------------------------------------------------------------

function commas(number,   text, out) {
    text = sprintf("%.0f", number)
    while (length(text) > 3) {
        out = "," substr(text, length(text) - 2) out
        text = substr(text, 1, length(text) - 3)
    }
    return text out
}

function short(number) { # three digits that count
    if (number >= 100)
        return commas(number)
    return number >= 10 ? sprintf("%.1f", number) : sprintf("%.2f", number)
}

# Sets list[1..count] in order; the median of it.
function median(list, count,   i, j, one) {
    for (i = 2; i <= count; i++) {
        one = list[i]
        for (j = i - 1; j >= 1 && list[j] > one; j--)
            list[j + 1] = list[j]
        list[j + 1] = one
    }
    return (list[int((count + 1) / 2)] + list[int(count / 2) + 1]) / 2
}

# The numbers of all rounds into list; how many.
function rounds_of(from, who, op, shape, list,   round, count) {
    count = 0
    for (round = 1; round <= rounds; round++)
        if ((round, who, op, shape) in from)
            list[++count] = from[round, who, op, shape] + 0
    return count
}

# --- a table: rows are collected, then printed with columns of one width ----------------------------------------------

function row(line,   i, count, cells) {
    count = split(line, cells, "\t")
    row_count++
    if (count > columns)
        columns = count
    for (i = 1; i <= count; i++) {
        cell[row_count, i] = cells[i]
        if (length(cells[i]) > width[i])
            width[i] = length(cells[i])
    }
}

function print_rows(   i, j, line) {
    for (i = 1; i <= row_count; i++) {
        line = "|"
        for (j = 1; j <= columns; j++)
            line = line sprintf(j == 1 ? " %-" width[j] "s |" : " %" width[j] "s |", cell[i, j])
        print line
        if (i > 1)
            continue
        line = "|"
        for (j = 1; j <= columns; j++)
            line = line (j == 1 ? "---|" : "---:|")
        print line
    }
}

# --- rates -----------------------------------------------------------------------------------------------------------

function label_of(who, op) {
    return label[who] (who == "zookeeper" && op == "read" ? " *" : "")
}

function print_rates(   i, j, line, list, count, middle) {
    line = ""
    for (j = 1; j <= shape_count; j++)
        line = line "\t" shapes[j]
    row(line)
    for (i = 1; i <= system_count; i++) {
        line = label_of(systems[i], op)
        for (j = 1; j <= shape_count; j++) {
            split("", list)
            count = rounds_of(rate, systems[i], op, shapes[j], list)
            middle = count ? median(list, count) : 0
            line = line "\t" (count ? commas(middle) " (" commas(list[1]) "-" commas(list[count]) ")" : "")
        }
        row(line)
    }
    print_rows()
    if (errors[op])
        print "\nThere were " errors[op] " errors."
}

function print_rate_data(   i, j, line, list, count, middle) {
    line = "shape"
    for (i = 1; i <= system_count; i++)
        line = line "\t" label_of(systems[i], op) "\tleast\tmost"
    print line
    for (j = 1; j <= shape_count; j++) {
        line = shapes[j]
        for (i = 1; i <= system_count; i++) {
            split("", list)
            count = rounds_of(rate, systems[i], op, shapes[j], list)
            middle = count ? median(list, count) : 0
            line = line "\t" (count ? middle "\t" list[1] "\t" list[count] : "NaN\tNaN\tNaN")
        }
        print line
    }
}

function ratio_of(who, op, shape,   round, list, count, below) {
    count = 0
    for (round = 1; round <= rounds; round++) {
        below = rate[round, base, op, shape]
        if (below > 0 && (round, who, op, shape) in rate)
            list[++count] = rate[round, who, op, shape] / below
    }
    return count ? short(median(list, count)) : ""
}

function latency_of(who, op, shape,   list, count) {
    count = rounds_of(late, who, op, shape, list)
    return count ? short(median(list, count)) : ""
}

# A line of all operations and shapes: their names, or what FUNCTION ("ratio", "latency") has of a system.
function across(what, who,   j, k, line) {
    line = what == "names" ? "" : label[who]
    for (k = 1; k <= 2; k++)
        for (j = 1; j <= shape_count; j++) {
            line = line "\t"
            if (what == "names")
                line = line ops[k] "s " shapes[j]
            else if (what == "ratio")
                line = line ratio_of(who, ops[k], shapes[j])
            else
                line = line latency_of(who, ops[k], shapes[j])
        }
    return line
}

function print_ratios(   i) {
    row(across("names"))
    for (i = 1; i <= system_count; i++)
        row(across("ratio", systems[i]))
    print_rows()
}

function print_latencies(   i) {
    row(across("names"))
    for (i = 1; i <= system_count; i++)
        row(across("latency", systems[i]))
    print_rows()
}

# --- facts -----------------------------------------------------------------------------------------------------------

# The median of a measure, or ""; the most goes to worst[1].
function fact(who, measure, worst,   i, list, count, middle) {
    count = trials[who, measure]
    if (!count)
        return ""
    for (i = 1; i <= count; i++)
        list[i] = value[who, measure, i] + 0
    middle = median(list, count)
    worst[1] = list[count]
    return middle
}

function fact_text(who, measure,   worst, middle) {
    middle = fact(who, measure, worst)
    if (middle == "")
        return ""
    return short(middle) (measure == "failover_ms" ? " (" short(worst[1]) ")" : "")
}

function print_facts(   i, j, line, count, measures) {
    count = split("failover_ms rss_mib pss_mib disk_mib restart_s fill_s", measures, " ")
    row("\tfailover, ms\tRSS, MiB\tPSS, MiB\ton disk, MiB\trestart, s\twriting them, s")
    for (i = 1; i <= system_count; i++) {
        line = label[systems[i]]
        for (j = 1; j <= count; j++)
            line = line "\t" fact_text(systems[i], measures[j])
        row(line)
    }
    print_rows()
}

function print_facts_data(   i, j, line, count, measures, worst, one) {
    count = split("failover_ms restart_s rss_mib disk_mib", measures, " ")
    for (i = 1; i <= system_count; i++) {
        line = label[systems[i]]
        sub(/,.*/, systems[i] == "cleat-5" ? " 5" : "", line)
        for (j = 1; j <= count; j++) {
            one = fact(systems[i], measures[j], worst)
            line = line "\t" (one == "" ? "NaN" : one)
        }
        print line
    }
}

# --- Cleat alone -----------------------------------------------------------------------------------------------------

function print_growth(   i, parts, unit) {
    unit["files"] = "files"
    unit["connections"] = "connections, one request on each"
    unit["size"] = "bytes in a value"
    unit["nodes"] = "nodes"
    row("\twrites a second\tp99, ms\treads a second\tp99, ms\tRSS, MiB")
    for (i = 1; i <= point_count; i++) {
        split(points[i], parts, SUBSEP)
        row(unit[parts[1]] ": " commas(parts[2]) "\t" point[parts[1], parts[2], "write"] "\t" \
            point[parts[1], parts[2], "read"] "\t" short(memory[parts[1], parts[2]]))
    }
    print_rows()
}

function print_failover(   i, j, list, count, middle) {
    row("\ttimes\tmedian\t9 of 10 within\tworst")
    for (i = 1; i <= signal_count; i++) {
        count = pause_count[signals[i]]
        split("", list)
        for (j = 1; j <= count; j++)
            list[j] = pauses[signals[i], j] + 0
        middle = median(list, count)
        row((signals[i] == "KILL" ? "kill -9" : "SIGTERM") "\t" count "\t" short(middle) "\t" \
            short(list[int((count * 9 + 9) / 10)]) "\t" short(list[count]))
    }
    print_rows()
}

function http_median(of, who, op,   i, list) {
    split("", list)
    for (i = 1; i <= rounds; i++)
        list[i] = of[i, who, op] + 0
    return median(list, rounds)
}

function print_http(   i, j, line, who) {
    row("\treads a second\tp50\tp99\twrites a second\tp50\tp99")
    for (i = 1; i <= system_count; i++) {
        who = systems[i]
        line = label[who]
        for (j = 2; j >= 1; j--)
            line = line "\t" commas(http_median(rate, who, ops[j])) "\t" short(http_median(middles, who, ops[j])) \
                "\t" short(http_median(late, who, ops[j]))
        row(line)
    }
    print_rows()
}

# Of the rounds with so many READERS, their figure in COLUMN: the median, and the least and the most if BOTH.
function reader_figure(readers, column, both,   i, values, count, text) {
    count = reader_rounds[readers]
    for (i = 1; i <= count; i++)
        values[i] = reader_figures[readers, column, i] + 0
    text = short(median(values, count)) # they are in order then
    return both ? text " (" short(values[1]) "-" short(values[count]) ")" : text
}

function print_readers(   i, readers) {
    row("readers of 8 MiB\tmedian, ms\tp99, ms\tworst, ms\tsmall reads a second\tlarge values, MiB/s")
    for (i = 1; i <= reader_count; i++) {
        readers = reader_counts[i]
        row(readers "\t" reader_figure(readers, 3, 1) "\t" reader_figure(readers, 4, 1) "\t" \
            reader_figure(readers, 5, 1) "\t" reader_figure(readers, 6, 0) "\t" reader_figure(readers, 7, 0))
    }
    print_rows()
}

function print_tails(   i, parts) {
    row("\tmedian\tp99\tp99.9\tworst\tsnapshots")
    for (i = 1; i <= tail_count; i++) {
        split(tail_lines[i], parts, "\t")
        row(parts[1] ": " parts[2] "s\t" short(parts[3]) "\t" short(parts[4]) "\t" short(parts[5]) "\t" \
            short(parts[6]) "\t" parts[7])
    }
    print_rows()
}
