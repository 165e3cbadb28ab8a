// The best time of many runs of a function, and the rate at which it does its work.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstring>
#include <type_traits>

// Runs `f(run)`, or `f()`, if `name` has one of the command line's words in it, or there are none. `work`: of one run, in `unit`
// times 1e-9 a second.
template <typename F>
void measure(int argc, char **argv, const char *name, double work, const char *unit, F f)
{
    bool wanted = argc < 2;
    for (int i = 1; i < argc; ++i)
        wanted = wanted || std::strstr(name, argv[i]);
    if (!wanted)
        return;
    double best = 1e30;
    unsigned runs = 1;
    for (int round = 0; round < 40; ++round) {
        const auto start = std::chrono::steady_clock::now();
        for (unsigned r = 0; r < runs; ++r) {
            if constexpr (std::is_invocable_v<F, int>)
                f(static_cast<int>(r));
            else
                f();
            asm volatile("" ::: "memory");
        }
        const double t = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        best = t / runs < best ? t / runs : best;
        if (t < 1e-3)
            runs *= 2;
    }
    std::printf("%-28s %8.3f us %8.1f %s\n", name, best * 1e6, work / best * 1e-9, unit);
}
