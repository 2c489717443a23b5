package experiment

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
)

// FieldError tells what is wrong with one field.
type FieldError struct {
	Field string // as in JSON: "optim.rate"
	Value any
	Want  string // what would be right: "above 0"
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("%s is %v: want %s", e.Field, e.Value, e.Want)
}

// name is what benchmark names and file names can carry. A trailing -digits would
// be read as GOMAXPROCS from a benchmark line.
var (
	nameRE   = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]*$`)
	procsRE  = regexp.MustCompile(`-[0-9]+$`)
	sha256RE = regexp.MustCompile(`^[0-9a-f]{8,64}$`)
)

// Limits beyond which a number is a slip of the keyboard.
const (
	maxPadding = 4096
	maxEpochs  = 1_000_000
	maxBatch   = 1 << 20
	maxDepth   = 10_000
	maxWidth   = 1 << 16
	maxClasses = 1 << 16
)

// Validate returns nil if e can be trained, and otherwise an error that joins a
// [FieldError] for every field that is out of range.
func (e Experiment) Validate() error {
	v := &validator{}
	v.check("name", e.Name, nameRE.MatchString(e.Name) && !procsRE.MatchString(e.Name),
		"lower-case letters, digits, '.', '+' and '-', and not -digits at the end (benchmark lines end in -GOMAXPROCS)")
	v.check("suite", e.Suite, nameRE.MatchString(e.Suite), "lower-case letters, digits, '.', '+' and '-'")
	v.recipe(e)
	return errors.Join(v.errs...)
}

type validator struct {
	prefix string
	errs   []error
}

func (v *validator) check(field string, value any, ok bool, want string) {
	if !ok {
		v.errs = append(v.errs, &FieldError{Field: v.prefix + field, Value: value, Want: want})
	}
}

func (v *validator) recipe(e Experiment) {
	v.data(e.Data)
	v.model(e.Model)
	v.loss(e.Loss)
	v.sampling(e.Sampling)
	v.optim(e.Optim)
	v.train(e.Train, e.Data, e.Sampling)
	if s := e.Model.Source; s != nil && s.Experiment != nil {
		prefix := v.prefix
		v.prefix += "model.source.experiment."
		v.check("model.source", "set", s.Experiment.Model.Source == nil, "no source of a source")
		v.recipe(*s.Experiment)
		v.prefix = prefix
	}
}

func (v *validator) data(d Data) {
	v.check("data.dataset", d.Dataset, nameRE.MatchString(d.Dataset), "a dataset's name")
	seen := map[int]bool{}
	for _, c := range d.Classes {
		v.check("data.classes", d.Classes, c >= 0 && c < maxClasses && !seen[c], "class numbers from 0, each once")
		seen[c] = true
	}
	for _, n := range d.PerClass {
		v.check("data.per_class", d.PerClass, n >= 1, "at least 1 image of every class")
	}
	v.check("data.validation", d.Validation, d.Validation >= 0 && d.Validation < 1, "in [0, 1)")
	v.check("data.label_noise", d.LabelNoise, d.LabelNoise >= 0 && d.LabelNoise < 1, "in [0, 1)")
	v.check("data.allow_overlap", d.AllowOverlap, d.AllowOverlap >= 0, "at least 0")
	v.check("data.mean", d.Mean, len(d.Mean) > 0 && allFinite(d.Mean), "finite numbers, one a channel")
	v.check("data.std", d.Std, len(d.Std) == len(d.Mean) && allFinite(d.Std) && slices.Min(append([]float64{1}, d.Std...)) > 0,
		"numbers above 0, as many as in data.mean")
	v.check("data.crop_padding", d.CropPadding, d.CropPadding >= 0 && d.CropPadding <= maxPadding, "at least 0 pixels")
}

func (v *validator) model(m Model) {
	v.oneOf("model.block", m.Block, Basic, Bottleneck)
	v.oneOf("model.shortcut", m.Shortcut, NoShortcut, ZeroPad, Projection)
	v.oneOf("model.init", m.Init, PyTorchInit, HeNormalInit)
	v.oneOf("model.trainable", m.Trainable, All, Head, HeadNorm)
	v.oneOf("model.precision", m.Precision, F32, TF32, BF16)
	v.check("model.stages", m.Stages, m.Stages >= 1 && m.Stages <= 8, "1 to 8")
	v.check("model.width", m.Width, m.Width >= 1 && m.Width <= maxWidth, "at least 1 channel")
	v.check("model.net", m.Net, m.Net == "" || nameRE.MatchString(m.Net), "lower-case letters, digits, '.', '+' and '-'")
	v.check("model.args", m.Args, (m.Net != "" || len(m.Args) == 0) && allFinite(slices.Collect(maps.Values(m.Args))),
		"finite numbers, and only with model.net")
	v.check("model.depth", m.Depth, m.Depth >= 0 && m.Depth <= maxDepth && (m.Net != "" || m.BlocksPerStage() >= 1),
		"2 + stages x n x 2 with basic blocks (6n+2 for three stages), 2 + stages x n x 3 with bottlenecks")
	if s := m.Source; s != nil {
		v.check("model.source", "set", (s.File != "") != (s.Experiment != nil), "either a file or an experiment")
		v.check("model.source.file_sha256", s.FileSHA256, s.FileSHA256 == "" || sha256RE.MatchString(s.FileSHA256),
			"8 to 64 hexadecimal digits")
	}
}

func (v *validator) loss(l Loss) {
	v.oneOf("loss.kind", l.Kind, CrossEntropy, WeightedCE, Focal, BalancedSoftmax, LogitAdjusted)
	v.check("loss.gamma", l.Gamma, l.Gamma >= 0 && finite(l.Gamma) && (l.Gamma == 0 || l.Kind == Focal),
		"at least 0, and only with the focal loss")
	v.check("loss.tau", l.Tau, l.Tau >= 0 && finite(l.Tau) && (l.Tau == 0 || l.Kind == LogitAdjusted),
		"at least 0, and only with the logit-adjusted loss")
	v.check("loss.post_hoc_tau", l.PostHocTau, l.PostHocTau >= 0 && finite(l.PostHocTau), "at least 0")
}

func (v *validator) sampling(s Sampling) {
	v.oneOf("sampling.order", s.Order, Shuffled, Balanced, Sequential)
	v.check("sampling.batch", s.Batch, s.Batch >= 1 && s.Batch <= maxBatch, "at least 1 image")
	v.check("sampling.mixup_alpha", s.MixupAlpha, s.MixupAlpha >= 0 && finite(s.MixupAlpha), "at least 0")
}

func (v *validator) optim(o Optim) {
	v.check("optim.rate", o.Rate, o.Rate > 0 && finite(o.Rate), "above 0")
	v.check("optim.momentum", o.Momentum, o.Momentum >= 0 && o.Momentum < 1, "in [0, 1)")
	v.check("optim.nesterov", o.Nesterov, !o.Nesterov || o.Momentum > 0, "false without momentum")
	v.check("optim.weight_decay", o.WeightDecay, o.WeightDecay >= 0 && finite(o.WeightDecay), "at least 0")
	v.check("optim.factor", o.Factor, o.Factor > 0 && o.Factor <= 1, "in (0, 1]")
	ascending := slices.IsSorted(o.Drops) && len(slices.Compact(slices.Clone(o.Drops))) == len(o.Drops)
	v.check("optim.drops", o.Drops, ascending && (len(o.Drops) == 0 || o.Drops[0] >= 1), "ascending epochs from 1")
}

func (v *validator) train(t Train, d Data, s Sampling) {
	v.check("train.epochs", t.Epochs, t.Epochs >= 0 && t.Epochs <= maxEpochs, "at least 0")
	v.check("train.eval_every", t.EvalEvery, t.EvalEvery >= 1, "at least 1 epoch")
	v.check("train.patience", t.Patience, t.Patience >= 0, "at least 0 epochs")
	watching := t.Watch == WatchTest || t.Watch == WatchValidation && d.Validation > 0
	v.check("train.watch", t.Watch, t.Watch == "" && t.Patience == 0 || watching,
		`"test", or "validation" with data.validation above 0, when train.patience is above 0`)
	v.check("train.unmixed_labels", t.UnmixedLabels, !t.UnmixedLabels || s.MixupAlpha > 0, "false without mixup")
}

// oneOf checks that value is among the allowed.
func (v *validator) oneOf(field string, value any, allowed ...any) {
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = fmt.Sprintf("%q", a)
	}
	v.check(field, fmt.Sprintf("%q", value), slices.Contains(allowed, value), "one of "+strings.Join(names, ", "))
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func allFinite(xs []float64) bool {
	return !slices.ContainsFunc(xs, func(x float64) bool { return !finite(x) })
}
