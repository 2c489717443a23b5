// Package optim is stochastic gradient descent as torch.optim.SGD defines it, and
// learning rates as functions of the epoch.
package optim

import (
	. "github.com/gomlx/gomlx/core/graph"

	"trainbench/bench/experiment"
)

// Rate returns the learning rate of an epoch, counted from 0: the initial rate
// times Factor for each drop at or before it (torch.optim.lr_scheduler.MultiStepLR).
func Rate(o experiment.Optim, epoch int) float64 {
	rate := o.Rate
	for _, drop := range o.Drops {
		if epoch >= drop {
			rate *= o.Factor
		}
	}
	return rate
}

// Step returns parameters and velocity after one step with the given gradient and
// scalar rate. All but rate have one shape. The velocity starts as zeros: the
// first step's is then the gradient itself, as in PyTorch.
func Step(o experiment.Optim, params, velocity, gradient, rate *Node) (newParams, newVelocity *Node) {
	if o.WeightDecay > 0 {
		gradient = Add(gradient, MulScalar(params, o.WeightDecay))
	}
	if o.Momentum == 0 {
		return Sub(params, Mul(gradient, rate)), velocity
	}
	velocity = Add(MulScalar(velocity, o.Momentum), gradient)
	update := velocity
	if o.Nesterov {
		update = Add(gradient, MulScalar(velocity, o.Momentum))
	}
	return Sub(params, Mul(update, rate)), velocity
}
