# Compares two tables of counts, the recorded one and the present one: awk -f compare.awk EXPECTED COUNTS
#
# More work than recorded fails: by more than 3 % of the instructions or 1 % of anything else, beside what rounding, a
# heartbeat more or less and the way the allocator happens to find a block make of it. Less, by more than 3 %, is told,
# so that it is recorded and cannot be lost unseen. The last line is "N passed, N failed", a row each.

function same_compiler() {
    return compilers[1] == compilers[2]
}

# Another compiler makes other instructions, and does other copies without a call.
function by_compiler(column) {
    return column == "instr" || column == "copied_B"
}

# What COLUMN may differ by, whatever its size.
function slack(column) {
    return column == "instr" ? 20 : column ~ /_B$/ ? 1 : 0.001
}

function percent(now, before) {
    return before > 0 ? sprintf("%+.1f %%", (now / before - 1) * 100) : "was none"
}

# The verdict on one number: 1 worse, -1 better, 0 the same.
function judge(column, now, before) {
    if (now > before * (column == "instr" ? 1.03 : 1.01) + slack(column))
        return 1
    return now < before * 0.97 - slack(column) ? -1 : 0
}

FNR == 1 { table++ }

/^#/ {
    if (/ for /)
        compilers[table] = $0
    next
}

$1 == "shape" {
    gsub(/ +/, " ")
    if (table == 1)
        heading = $0
    else if ($0 != heading) {
        print "FAIL   the columns are not the recorded ones: record them"
        failed++
    }
    for (i = 1; i <= NF; i++)
        columns[i] = $i
    next
}

table == 1 {
    for (i = 3; i <= NF; i++)
        recorded[$1, $2, i] = $i
    missing[$1 " " $2] = 1
    next
}

{
    name = $1 " " $2
    worse = better = ""
    if (!(name in missing))
        worse = " not recorded"
    for (i = 3; i <= NF && name in missing; i++) {
        before = recorded[$1, $2, i]
        if (before == "-" || $i == "-" || (by_compiler(columns[i]) && !same_compiler()))
            continue
        verdict = judge(columns[i], $i, before)
        text = " " columns[i] " " $i ", recorded " before " (" percent($i, before) ");"
        if (verdict > 0)
            worse = worse text
        else if (verdict < 0)
            better = better text
    }
    delete missing[name]
    sub(/;$/, "", worse)
    sub(/;$/, "", better)
    if (better != "")
        printf "better %s:%s: record it\n", name, better
    if (worse != "")
        printf "FAIL   %s:%s\n", name, worse
    if (worse != "")
        failed++
    else
        passed++
}

END {
    for (name in missing) {
        printf "FAIL   %s: recorded, and no longer counted\n", name
        failed++
    }
    if (!same_compiler())
        printf "instructions and copies are not compared: recorded with %s, this is %s\n", substr(compilers[1], 3), \
            substr(compilers[2], 3)
    printf "%d passed, %d failed\n", passed, failed
    exit failed > 0
}
