# Rate, p99 and memory of Cleat as one thing grows.
set terminal svg size 1100,1300 font "sans-serif,12" background "white"
set output output
set grid lc rgb "#cccccc"
set key bottom right
set format y "%.0s%c"
array labels[3] = ["a second", "p99, ms", "RSS of the leader, MiB"]
array names[4] = ["files", "connections", "bytes in a value", "nodes"]
set multiplot layout 4,3
do for [a=1:4] {
    axis = word("files connections size nodes", a)
    if (a < 4) { set logscale x; set format x "%.0s%c" } else { unset logscale x; set format x "%g" }
    do for [i=1:3] {
        set xlabel names[a]
        set ylabel labels[i]
        if (i == 2) { set logscale y; set yrange [*:*] } else { unset logscale y; set yrange [0:*] }
        plot axis."-write" using 1:(column(i+1)) with linespoints lw 2 pt 7 lc rgb "#1d6fa5" title "writes", \
            axis."-read" using 1:(column(i+1)) with linespoints lw 2 pt 5 lc rgb "#c8553d" title "reads"
    }
}
unset multiplot
