# Failover, restart, memory and disk of all systems.
set terminal svg size 1000,640 font "sans-serif,12" background "white"
set output output
set datafile separator "\t"
set datafile missing "NaN"
set style fill solid 0.85 border -1
set boxwidth 0.7
set logscale y
set format y "%g"
set grid ytics lc rgb "#cccccc"
unset key
array titles[4] = ["failover, ms", "restart, s", "memory (RSS), MiB", "on disk, MiB"]
set multiplot layout 2,2
do for [i=1:4] {
    set yrange [*:*]
    undefine STATS_*
    stats "facts" using i+1 nooutput
    if (exists("STATS_records") && STATS_records > 0) {
        set title titles[i]
        set yrange [10 ** floor(log10(STATS_min) - 0.3) : 10 ** ceil(log10(STATS_max) + 0.2)]
        plot "facts" using 0:(column(i+1)):xtic(1) with boxes lc rgb "#1d6fa5", \
            "" using 0:(column(i+1)):(sprintf("%.3g", column(i+1))) with labels offset 0,0.6
    }
}
unset multiplot
