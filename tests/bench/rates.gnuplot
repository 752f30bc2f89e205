# Rates of all systems, by shape of load. The small ones would not be seen on a linear scale.
set terminal svg size 1000,760 font "sans-serif,13" background "white"
set output output
set datafile separator "\t"
set datafile missing "NaN"
set style data histogram
set style histogram errorbars gap 1.5 lw 1.2
set style fill solid 0.85 border -1
set logscale y
set format y "%.0s%c"
set grid ytics lc rgb "#cccccc"
set key outside right top vertical Left reverse
set xlabel "connections x requests under way on each"
array colors[6] = ["#c8553d", "#8d99ae", "#b08900", "#1d6fa5", "#7fb7dd", "#0b3c5d"]
set multiplot layout 2,1
do for [op in "write read"] {
    set title op."s a second: median, least and most of the rounds"
    columns = int(system("head -n 1 ".op." | tr '\t' '\n' | wc -l"))
    plot for [i=2:columns:3] op using i:(column(i+1)):(column(i+2)):xtic(1) \
        title columnheader(i) lc rgb colors[(i + 1) / 3]
}
unset multiplot
