// Package experiment says what to train: one complete, validated and hashed
// configuration of dataset, network, loss, sampling, optimizer and schedule.
//
// An [Experiment] is plain data. [Default] is complete, so callers state only
// what differs; [Experiment.Validate] names every field that is out of range;
// [Experiment.SHA256] identifies the recipe, whatever it is called. Two samples
// may be compared only if their recipes have equal hashes.
//
// The package neither trains nor reads data: the seed of a training and the
// place where datasets lie are not part of an experiment.
package experiment

// Experiment is one configuration to train. The zero value is not valid: start
// from [Default].
type Experiment struct {
	// Suite and Name identify the experiment ("imbalance", "balanced-softmax").
	// They are not part of the recipe and not hashed.
	Suite string `json:"suite"`
	Name  string `json:"name"`

	Data     Data     `json:"data"`
	Model    Model    `json:"model"`
	Loss     Loss     `json:"loss"`
	Sampling Sampling `json:"sampling"`
	Optim    Optim    `json:"optim"`
	Train    Train    `json:"train"`
}

// Data says which images are trained and tested on, and how they are presented.
type Data struct {
	// Dataset is "cifar-10", "cifar-100", "digits", or a name that the caller of
	// bench registers.
	Dataset string `json:"dataset"`
	// Classes keeps only these classes, relabelled 0, 1, ... in this order.
	// Empty keeps all.
	Classes []int `json:"classes,omitempty"`
	// PerClass is the number of training images kept of each class (after
	// Classes), drawn without replacement: one entry a class, or a single entry for
	// all of them. Empty keeps every image.
	PerClass []int `json:"per_class,omitempty"`
	// DrawSeed seeds the draw of PerClass and of Validation. It is apart from the
	// seed of a training, so that seeds vary the training and not the data.
	DrawSeed uint64 `json:"draw_seed"`
	// Validation is the fraction of each class held out of the training set, in
	// [0, 1). 0 holds out none.
	Validation float64 `json:"validation"`
	// Mean and Std normalise pixels scaled to [0, 1], one entry a channel.
	Mean []float64 `json:"mean"`
	Std  []float64 `json:"std"`
	// CropPadding pads every side with that many black pixels before a random crop
	// to the original size. 0 does not crop.
	CropPadding int `json:"crop_padding"`
	// Flip mirrors half of the training images horizontally, at random.
	Flip bool `json:"flip"`
	// LabelNoise is the fraction of training labels, in [0, 1), that are replaced by
	// another class, drawn with DrawSeed.
	LabelNoise float64 `json:"label_noise,omitempty"`
	// AllowOverlap is how many test images may be in the training set too, pixel for
	// pixel. More are an error, but for those that a dataset is known to have.
	AllowOverlap int `json:"allow_overlap,omitempty"`
}

// Shortcut is what joins the input of a residual block to its output, with the
// options' letters of He et al. 2016, section 4.2.
type Shortcut string

const (
	// NoShortcut builds the plain net: no connection around a block.
	NoShortcut Shortcut = "none"
	// ZeroPad is option A: identity; where the shape changes, every second pixel
	// and zeros in the new channels. It has no parameters.
	ZeroPad Shortcut = "zero-pad"
	// Projection is option B: identity; where the shape changes, a strided 1x1
	// convolution with batch normalisation.
	Projection Shortcut = "projection"
)

// Block is the unit that a stage repeats.
type Block string

const (
	// Basic is two 3x3 convolutions.
	Basic Block = "basic"
	// Bottleneck is 1x1, 3x3 and 1x1 convolutions, with four times the channels at
	// its output.
	Bottleneck Block = "bottleneck"
)

// Trainable says which parameters learn.
type Trainable string

const (
	// All parameters learn.
	All Trainable = "all"
	// Head trains the fully connected layer only. Frozen batch normalisation uses
	// its running statistics and does not update them.
	Head Trainable = "head"
	// HeadNorm trains the fully connected layer and batch normalisation (scale,
	// shift and running statistics); convolutions are frozen.
	HeadNorm Trainable = "head+norm"
)

// Init is the distribution of the initial weights.
type Init string

const (
	// PyTorchInit is the default of torch.nn: uniform in +-1/sqrt(fan_in) for
	// convolutions (Kaiming uniform with a = sqrt 5), weights and biases of the
	// fully connected layer; batch normalisation 1 and 0.
	PyTorchInit Init = "pytorch"
	// HeNormalInit is Kaiming normal with fan-out for convolutions, as
	// torchvision's ResNets; the rest as PyTorchInit.
	HeNormalInit Init = "he-normal"
)

// Precision is the arithmetic of convolutions and matrix products. Parameters
// and everything else are always 32-bit floats.
type Precision string

const (
	// F32 multiplies in 32-bit floats.
	F32 Precision = "f32"
	// TF32 lets an accelerator round factors to 10 bits of mantissa.
	TF32 Precision = "tf32"
	// BF16 rounds factors to bfloat16.
	BF16 Precision = "bf16"
)

// Model is a plain or residual net in the style of He et al. 2016: a 3x3
// convolution, stages of blocks that halve the resolution and double the
// channels, global average pooling and a fully connected layer. Or it is a net that
// the caller of bench states.
type Model struct {
	// Net is the name of a net that the caller of bench registers. It makes of the
	// fields from Depth to Shortcut what it likes; the others mean the same for every
	// net. Empty is the family above.
	Net string `json:"net,omitempty"`
	// Args are numbers that only Net knows, by name.
	Args map[string]float64 `json:"args,omitempty"`
	// Depth counts weighted layers on the longest path: 2 + Stages x n x 2 with
	// basic blocks (6n+2 for three stages), 2 + Stages x n x 3 with bottlenecks.
	Depth int `json:"depth"`
	// Stages is the number of resolutions, at least 1.
	Stages int `json:"stages"`
	// Width is the number of channels of the first stage.
	Width     int       `json:"width"`
	Block     Block     `json:"block"`
	Shortcut  Shortcut  `json:"shortcut"`
	Init      Init      `json:"init"`
	Trainable Trainable `json:"trainable"`
	Precision Precision `json:"precision"`
	// Source, if not nil, is where the initial weights come from.
	Source *Source `json:"source,omitempty"`
}

// Source names pretrained weights: a file, or an experiment that is trained
// first. Exactly one of File and Experiment is set.
type Source struct {
	// File is a PyTorch state_dict or a safetensors file. A relative path is looked
	// for in the working directory and then in the folder of the datasets. Only its
	// base name is hashed: the same weights may lie elsewhere on another machine.
	File string `json:"file,omitempty"`
	// FileSHA256, if set, is the hash that File must have (hex; a prefix is enough).
	FileSHA256 string `json:"file_sha256,omitempty"`
	// Experiment is trained with the seed of the sample, and its last epoch's
	// weights are used.
	Experiment *Experiment `json:"experiment,omitempty"`
	// PretrainedOn says what the weights of File were trained on; tables quote it.
	PretrainedOn string `json:"pretrained_on,omitempty"`
	// SawTarget tells that the weights were trained on this experiment's own
	// training set, so that no transfer is measured.
	SawTarget bool `json:"saw_target,omitempty"`
	// KeepHead takes the fully connected layer from the source too; otherwise it is
	// initialised anew.
	KeepHead bool `json:"keep_head,omitempty"`
}

// LossKind names a loss function.
type LossKind string

const (
	// CrossEntropy is the mean of -log softmax(logits)[label].
	CrossEntropy LossKind = "cross-entropy"
	// WeightedCE weighs classes by n / (C n_c) and divides by the sum of the
	// weights of the batch, as torch.nn.CrossEntropyLoss(weight=...) does.
	WeightedCE LossKind = "weighted-cross-entropy"
	// Focal is Lin et al. 2017: the mean of -(1-p)^gamma log p, without alpha.
	Focal LossKind = "focal"
	// BalancedSoftmax is Ren et al. 2020: cross-entropy on logits + log n_c.
	BalancedSoftmax LossKind = "balanced-softmax"
	// LogitAdjusted is Menon et al. 2021: cross-entropy on logits + tau log pi_c.
	// With tau = 1 it is BalancedSoftmax.
	LogitAdjusted LossKind = "logit-adjusted"
)

// Loss is the function that training minimises. n_c and pi_c are counts and
// frequencies of the classes in the training set, after PerClass and Validation.
type Loss struct {
	Kind LossKind `json:"kind"`
	// Gamma is the focusing exponent of Focal, at least 0.
	Gamma float64 `json:"gamma,omitempty"`
	// Tau scales the prior in LogitAdjusted, at least 0.
	Tau float64 `json:"tau,omitempty"`
	// PostHocTau subtracts tau log pi_c from the logits when predicting (Menon et
	// al. 2021, post-hoc adjustment), at least 0. Losses are not affected.
	PostHocTau float64 `json:"post_hoc_tau,omitempty"`
	// InvertPrior subtracts the log prior where BalancedSoftmax and LogitAdjusted add
	// it. It is a classical mistake, there to be detected.
	InvertPrior bool `json:"invert_prior,omitempty"`
}

// Order is the way in which an epoch draws its images.
type Order string

const (
	// Shuffled visits every image once, in a new order each epoch.
	Shuffled Order = "shuffled"
	// Balanced draws as many images as the training set has, with replacement, each
	// class with equal probability.
	Balanced Order = "balanced"
	// Sequential visits every image once, in the order of the dataset.
	Sequential Order = "sequential"
)

// Sampling says how batches are put together.
type Sampling struct {
	Order Order `json:"order"`
	// Batch is the number of images of a step.
	Batch int `json:"batch"`
	// DropLast leaves out an epoch's last batch if it is not full.
	DropLast bool `json:"drop_last"`
	// MixupAlpha is the parameter of mixup's Beta(alpha, alpha) (Zhang et al.
	// 2018), one draw a batch, partners from the same batch. 0 does not mix.
	MixupAlpha float64 `json:"mixup_alpha"`
}

// Optim is stochastic gradient descent as torch.optim.SGD defines it: weight
// decay is added to the gradient of every trainable parameter, and the first
// step's velocity is the gradient itself. The rate is multiplied by Factor at the
// start of each of the epochs in Drops (MultiStepLR).
type Optim struct {
	// Rate is the initial learning rate, above 0.
	Rate        float64 `json:"rate"`
	Momentum    float64 `json:"momentum"`        // in [0, 1)
	Nesterov    bool    `json:"nesterov"`        // needs Momentum > 0
	WeightDecay float64 `json:"weight_decay"`    // at least 0
	Drops       []int   `json:"drops,omitempty"` // epochs, counted from 0, ascending
	Factor      float64 `json:"factor"`          // in (0, 1]
}

// Watch is the split that early stopping looks at.
type Watch string

const (
	// WatchValidation looks at the images that Data.Validation holds out.
	WatchValidation Watch = "validation"
	// WatchTest looks at the test set: an optimistic choice that published recipes
	// made, and that tables flag.
	WatchTest Watch = "test"
)

// Train says for how long.
type Train struct {
	// Epochs is the number of passes over the training set. 0 evaluates the
	// initial weights.
	Epochs int `json:"epochs"`
	// EvalEvery is the number of epochs between evaluations of the curve, at least
	// 1. The last epoch is always evaluated.
	EvalEvery int `json:"eval_every"`
	// Patience ends training after that many epochs without a better macro-F1 on
	// Watch. 0 never stops early.
	Patience int   `json:"patience"`
	Watch    Watch `json:"watch,omitempty"`
	// NormEval normalises with the running statistics while training, without
	// updating them. It is a classical mistake, there to be detected.
	NormEval bool `json:"norm_eval,omitempty"`
	// UnmixedLabels mixes images but not their labels: another such mistake.
	UnmixedLabels bool `json:"unmixed_labels,omitempty"`
}

// Default returns the recipe of He et al. 2016 for CIFAR, section 4.2, with
// 1x1 convolutions as shortcuts: ResNet-20 on CIFAR-10, batch 128, rate 0.1 with
// momentum 0.9, weight decay 1e-4, crop and flip, 100 epochs.
func Default() Experiment {
	return Experiment{
		Data: Data{
			Dataset:     "cifar-10",
			DrawSeed:    42,
			Mean:        []float64{0.4914, 0.4822, 0.4465},
			Std:         []float64{0.2470, 0.2435, 0.2616},
			CropPadding: 4,
			Flip:        true,
		},
		Model: Model{
			Depth: 20, Stages: 3, Width: 16,
			Block: Basic, Shortcut: Projection,
			Init: PyTorchInit, Trainable: All, Precision: F32,
		},
		Loss:     Loss{Kind: CrossEntropy},
		Sampling: Sampling{Order: Shuffled, Batch: 128},
		Optim: Optim{
			Rate: 0.1, Momentum: 0.9, WeightDecay: 1e-4,
			Drops: []int{50, 75}, Factor: 0.1,
		},
		Train: Train{Epochs: 100, EvalEvery: 1},
	}
}

// ID returns "suite/name".
func (e Experiment) ID() string { return e.Suite + "/" + e.Name }

// BlocksPerStage returns n of Depth = 2 + Stages x n x (2 or 3), or 0 if Depth
// does not divide so.
func (m Model) BlocksPerStage() int {
	layers := 2
	if m.Block == Bottleneck {
		layers = 3
	}
	if m.Stages < 1 || m.Depth < 2 || (m.Depth-2)%(m.Stages*layers) != 0 {
		return 0
	}
	return (m.Depth - 2) / (m.Stages * layers)
}
