// Package gate compares what was trained with what was accepted, and says with a
// known error rate whether anything got worse.
//
// [Judge] takes baselines and candidates (package record) and asks three
// questions, in this order:
//
//  1. Is it the same? With the same config, data and environment, and equal
//     predictions for every seed that both have, the outcome is [Reproduced]. No
//     statistics are needed.
//  2. Is it worse? The difference of the means, candidate minus baseline, is
//     held against a margin: the loss, in percentage points, that nobody cares
//     about. If a loss is shown, and is not trifling, the outcome is [Fail]; if a
//     loss beyond the margin is ruled out it is [Pass], and [Improved] if a gain is
//     shown; otherwise [Inconclusive], with the number of seeds that would settle
//     it. What cannot be compared is [Error], with the difference of the two.
//  3. Do the suite's claims still hold? Each is Supported, Refuted or Undecided.
//
// # Error rates
//
// If nothing changed, the probability of any Fail in the whole run is at most
// [Options.Alpha]: the tests of a loss are adjusted together by Holm's method
// (Holm 1979, "A simple sequentially rejective multiple test procedure"). Gains are
// adjusted in the same way, apart. The tests of Pass need no adjustment: a run
// passes only if all of them do, so that a run with a loss beyond the margin
// passes with probability at most Alpha (Berger 1982, "Multiparameter hypothesis
// testing and acceptance sampling", the intersection-union test).
//
// # Samples of the same seed are not pairs
//
// A change in the last bit of one product makes a training with the same seed
// another draw from the same distribution. Means are therefore compared as those
// of independent samples with spreads of their own (Welch 1947).
//
// # Borrowed spreads
//
// Few seeds say little about the spread between seeds. The variance of a
// baseline is moderated by those of all baselines of the run, each metric for
// itself, as in Smyth 2004 ("Linear models and empirical Bayes methods for
// assessing differential expression in microarray experiments"): the more alike
// the spreads are, the more is borrowed. A candidate of few seeds borrows from its
// own baseline. [Verdict.Borrowed] says where the spread is from if the samples
// alone did not give it.
//
// # Skewed metrics
//
// Bad seeds lie farther out than good ones, and one or two new seeds with a
// borrowed spread would then fail too often. p-values are corrected for the
// skewness of the baselines' values, by the Edgeworth expansion of the two-sample t
// (Hall 1992); they never become smaller.
//
// # Sequential mode
//
// [Sequential] says after each seed whether another one is needed, with the same
// error rates (Pocock 1977).
//
// The rates are shown by simulation in docs/gate.md (go run ./bench/gate/simulate).
// The distributions are those of package benchmath of golang.org/x/perf; its tests
// have no margin, no borrowed spread and no family of comparisons, so that
// benchstat serves there as what the gate is compared with.
//
// # What it does not do
//
// It neither trains nor reads files (but [Accept] writes them), and it knows no
// framework: records of trainings in any language are judged alike. It does not
// look at speed; benchstat does that.
package gate
