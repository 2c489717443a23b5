package bench

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"trainbench/bench/atomicfile"
	"trainbench/bench/backend"
	"trainbench/bench/batch"
	"trainbench/bench/checkpoint"
	"trainbench/bench/experiment"
	"trainbench/bench/fetch"
	"trainbench/bench/model"
	"trainbench/bench/train"
	"trainbench/bench/weights"
)

// source is weights that an experiment was trained to.
type source struct {
	weights model.Weights
	hash    string
}

// initial returns the weights that a training starts from, nil to draw them, and
// the hash of the source.
func (r *Runner) initial(e experiment.Experiment, seed uint64, data *prepared) (model.Weights, string, error) {
	from := e.Model.Source
	if from == nil {
		return nil, "", nil
	}
	net, err := r.net(e, data)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", e.ID(), err)
	}
	var s *source
	if from.Experiment != nil {
		s, err = r.trainSource(e.ID(), *from.Experiment, seed)
	} else {
		s, err = r.readSource(*from, net)
	}
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", e.ID(), err)
	}
	w := net.Init(batch.Stream(seed, batch.Init, 0))
	if err := w.CopyFrom(s.weights, net, from.KeepHead); err != nil {
		return nil, "", fmt.Errorf("%s: %w", e.ID(), err)
	}
	return w, s.hash, nil
}

// readSource reads weights from a file. One that is not in the working directory
// may lie beside the datasets, where fetching puts it.
func (r *Runner) readSource(from experiment.Source, net *model.Net) (*source, error) {
	path := from.File
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !filepath.IsAbs(path) && r.opt.Data != "" {
		path = filepath.Join(r.opt.Data, path)
	}
	set, err := weights.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("weights %s are neither in the working directory nor in the folder of the datasets (-data or $TRAINBENCH_DATA, now %q)%s",
			from.File, r.opt.Data, fetchable(from.File))
	}
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(set.SHA256, from.FileSHA256) {
		return nil, fmt.Errorf("%s: the SHA-256 is %s, and model.source.file_sha256 is %s: another file, or a damaged one",
			from.File, set.SHA256, from.FileSHA256)
	}
	w, err := net.FromTorch(set, from.KeepHead)
	if err != nil {
		return nil, fmt.Errorf("%s does not fit the net: %w", from.File, err)
	}
	return &source{weights: w, hash: set.SHA256}, nil
}

// trainSource returns the weights of the source of an experiment, which is trained
// once for each recipe and seed: they are kept beside the results, in a file named
// after everything that they depend on.
func (r *Runner) trainSource(target string, e experiment.Experiment, seed uint64) (*source, error) {
	e = asSource(e)
	device, err := r.deviceFor(e)
	if err != nil {
		return nil, err
	}
	data, err := r.prepared(e)
	if err != nil {
		return nil, err
	}
	net, err := r.net(e, data)
	if err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	env := r.environment(device)
	key := sha256.Sum256(fmt.Append(nil, e.SHA256(), seed, data.info.SHA256, data.info.SubsetSHA256, env.Fingerprint(), env.Code))
	path := filepath.Join(r.folder(), "sources", fmt.Sprintf("%x.safetensors", key[:8]))
	stored := func() (*source, error) {
		s, err := readTrained(path, net)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w\nmove the file away: the source is then trained again", err)
		}
		return s, nil
	}
	s, lock, err := claim(r, path, stored)
	if err != nil {
		return nil, err
	}
	if s != nil {
		r.progress.Drop(jobName(e, seed))
		return s, nil
	}
	defer r.release(lock)
	state := checkpoints(path, e, seed, data, env)
	if s, err = r.makeSource(target, e, seed, device, data, state); err != nil {
		return nil, err
	}
	if err := writeTrained(path, net, s, e.Canonical()); err != nil {
		return nil, err
	}
	return s, state.Remove()
}

// makeSource trains a source.
func (r *Runner) makeSource(target string, e experiment.Experiment, seed uint64, device *backend.Device, data *prepared, state *checkpoint.File) (*source, error) {
	task, err := r.task(e, seed, device, data, state)
	if err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	defer r.programs.release(task.Program)
	defer r.begin(jobName(e, seed), task).End()
	result, err := task.Run(r.ctx)
	if err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	if result.Diverged != nil {
		return nil, fmt.Errorf("source: %s", result.Diverged)
	}
	if !r.opt.Quiet {
		fmt.Fprintf(r.opt.Stderr, "# source of %s seed %d: top-1 %.2f %% on %s\n", target, seed, 100*result.Test.Top1, e.Data.Dataset)
	}
	return &source{weights: result.Weights, hash: result.FinalHash}, nil
}

// fetchable says how to get a file, if that is known.
func fetchable(file string) string {
	for _, f := range fetch.Known() {
		if f.Base == filepath.Base(file) {
			return fmt.Sprintf(": `trainbench fetch -to DIR %s` gets them", f.Name)
		}
	}
	return ""
}

// asSource names an experiment that is the source of others.
func asSource(e experiment.Experiment) experiment.Experiment {
	e.Suite, e.Name = "source", "of-"+e.SHA256()[:8]+"x"
	return e
}

// trainedHash is the name of the hash of weights in the metadata of their file.
const trainedHash = "weights_sha256"

// readTrained reads a source that was trained here.
func readTrained(path string, net *model.Net) (*source, error) {
	set, err := weights.Open(path)
	if err != nil {
		return nil, err
	}
	w, err := net.FromTorch(set, true)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s := &source{weights: w, hash: train.Hash(net, w)}
	if want := set.Metadata[trainedHash]; s.hash != want {
		return nil, fmt.Errorf("%s: the weights hash to %.12s, and the file says %.12s: it is damaged or was edited", path, s.hash, want)
	}
	return s, nil
}

// writeTrained stores a source as PyTorch reads it.
func writeTrained(path string, net *model.Net, s *source, config []byte) error {
	var buf bytes.Buffer
	if err := weights.WriteSafetensors(&buf, net.ToTorch(s.weights), map[string]string{"config": string(config), trainedHash: s.hash}); err != nil {
		return err
	}
	return atomicfile.Write(path, buf.Bytes())
}
