package model

// Convolution returns the kernels of a convolution without bias, name.weight. See
// [Pass.Conv].
func Convolution(name string, size, in, out int) []Param {
	return []Param{{Name: name + ".weight", Kind: Body, Shape: []int{size, size, in, out}}}
}

// BatchNorm returns the parameters and the running statistics of batch
// normalisation, named as in PyTorch. See [Pass.Norm].
func BatchNorm(name string, channels int) (params, stats []Param) {
	shape := []int{channels}
	return []Param{
			{Name: name + ".weight", Kind: Norm, Shape: shape},
			{Name: name + ".bias", Kind: Norm, Shape: shape},
		}, []Param{
			{Name: name + ".running_mean", Kind: Stat, Shape: shape},
			{Name: name + ".running_var", Kind: Stat, Shape: shape},
		}
}

// Dense returns the weights and biases of a fully connected layer, name.weight and
// name.bias, of kind Body or Head. See [Pass.Dense].
func Dense(name string, kind Kind, in, out int) []Param {
	return []Param{
		{Name: name + ".weight", Kind: kind, Shape: []int{in, out}},
		{Name: name + ".bias", Kind: kind, Shape: []int{out}},
	}
}
