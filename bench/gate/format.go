package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// reportFile is what WriteJSON writes.
type reportFile struct {
	Status   Status `json:"status"`
	ExitCode int    `json:"exit_code"`
	Report
	// OptionsSHA256 is of the options, which later runs go by.
	OptionsSHA256 string `json:"options_sha256"`
}

// WriteJSON writes r with its status and exit code, as one object.
func WriteJSON(w io.Writer, r Report) error {
	sum, err := r.Options.sum()
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(reportFile{r.Status(), r.ExitCode(), r, sum}, "", "\t")
	if err != nil {
		return err
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

// ReadOptions reads the options from what WriteJSON wrote, and returns an error if
// they are damaged or out of range. Whoever edits them removes options_sha256. If
// nothing was judged they are the defaults.
func ReadOptions(data []byte) (Options, error) {
	var f reportFile
	if err := json.Unmarshal(data, &f); err != nil {
		return Options{}, err
	}
	if sum, err := f.Options.sum(); err != nil || f.OptionsSHA256 != "" && f.OptionsSHA256 != sum {
		return Options{}, errors.Join(err, errors.New("the options do not hash to options_sha256: they are damaged, or were edited: then remove that line"))
	}
	if f.Options.Alpha == 0 {
		return DefaultOptions(), nil
	}
	return f.Options, f.Options.Validate()
}

func (o Options) sum() (string, error) {
	data, err := json.Marshal(o)
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), err
}

// WriteMarkdown writes r as tables, for a pull request or a step summary.
func WriteMarkdown(w io.Writer, r Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### Gate: %s\n\n%s\n", r.Status(), r.Counts())
	if len(r.Verdicts) > 0 {
		b.WriteString("\n| verdict | experiment | metric | baseline | candidate | why |\n|---|---|---|---:|---:|---|\n")
	}
	for _, v := range r.Verdicts {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", bold(v.Outcome), cell(v.Experiment), cell(Label(v.Metric)),
			v.Baseline, v.Candidate, cell(v.Reason))
	}
	if len(r.Claims) > 0 {
		b.WriteString("\n| claim | suite | | why |\n|---|---|---|---|\n")
	}
	for _, c := range r.Claims {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", c.Outcome, cell(c.Suite), cell(c.Claim.Text), cell(c.Reason))
	}
	if len(r.NotRun) > 0 {
		fmt.Fprintf(&b, "\nNot run: %s.\n", cell(strings.Join(r.NotRun, ", ")))
	}
	for _, v := range r.Verdicts {
		if v.Detail != "" {
			fmt.Fprintf(&b, "\n<details><summary>%s: %s</summary>\n\n~~~~diff\n%s\n~~~~\n\n</details>\n",
				cell(v.Experiment), v.Outcome, strings.TrimRight(v.Detail, "\n"))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// String is "80.12 ± 0.30 (5)", or empty if there are no seeds.
func (s Summary) String() string {
	switch {
	case s.N == 0:
		return ""
	case s.N == 1:
		return fmt.Sprintf("%.2f (1)", s.Mean)
	}
	return fmt.Sprintf("%.2f ± %.2f (%d)", s.Mean, s.SD, s.N)
}

func bold(o Outcome) string {
	if o == Fail || o == Error {
		return "**" + string(o) + "**"
	}
	return string(o)
}

// cell is text in a table or a tag of markdown.
func cell(text string) string {
	return strings.NewReplacer("|", "\\|", "\r", "", "\n", " ", "<", "&lt;", ">", "&gt;").Replace(text)
}

// WriteGitHub writes r as workflow commands, which GitHub shows as annotations:
// errors for what fails the run, warnings for what is not known, notices for news.
func WriteGitHub(w io.Writer, r Report) error {
	var b strings.Builder
	annotate := func(level, title, message string) {
		property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
		data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
		fmt.Fprintf(&b, "::%s title=%s::%s\n", level, property.Replace(title), data.Replace(message))
	}
	for _, v := range r.Verdicts {
		level := ""
		switch v.Outcome {
		case Fail, Error:
			level = "error"
		case Inconclusive:
			level = "warning"
			if r.Options.Strict {
				level = "error"
			}
		case New, Improved:
			level = "notice"
		default:
			continue
		}
		message := v.Reason
		if v.Detail != "" {
			message += "\n" + v.Detail
		}
		annotate(level, strings.TrimSpace(fmt.Sprintf("%s %s %s", v.Outcome, v.Experiment, Label(v.Metric))), message)
	}
	for _, c := range r.Claims {
		if c.Outcome != Refuted {
			continue
		}
		level := "notice"
		if c.Regression {
			level = "error"
		}
		annotate(level, fmt.Sprintf("%s %s: %s", c.Outcome, c.Suite, c.Claim.Text), c.Reason)
	}
	annotate("notice", "gate", fmt.Sprintf("%s (%s)", r.Status(), r.Counts()))
	_, err := io.WriteString(w, b.String())
	return err
}

// JUnit's XML, as Jenkins's schema has it.
type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name      string        `xml:"name,attr"`
	ClassName string        `xml:"classname,attr"`
	Skipped   *junitMessage `xml:"skipped"`
	Error     *junitMessage `xml:"error"`
	Failure   *junitMessage `xml:"failure"`
	Output    string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes r as JUnit XML: a test suite a suite, and a test case a
// verdict or claim. Fail is a failure and Error an error; what is not known is
// skipped, with the reason.
func WriteJUnit(w io.Writer, r Report) error {
	out := junitSuites{Name: "trainbench"}
	index := map[string]int{}
	add := func(suite string, c junitCase) {
		i, ok := index[suite]
		if !ok {
			i = len(out.Suites)
			index[suite] = i
			out.Suites = append(out.Suites, junitSuite{Name: suite})
		}
		s := &out.Suites[i]
		c.ClassName = suite
		s.Cases = append(s.Cases, c)
		s.Tests++
		out.Tests++
		switch {
		case c.Failure != nil:
			s.Failures++
			out.Failures++
		case c.Error != nil:
			s.Errors++
			out.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
	for _, v := range r.Verdicts {
		suite, experiment, _ := strings.Cut(v.Experiment, "/")
		add(suite, verdictCase(v, experiment, r.Options.Strict))
	}
	for _, c := range r.Claims {
		add(c.Suite, claimCase(c))
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "\t")
	if err := enc.Encode(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func verdictCase(v Verdict, experiment string, strict bool) junitCase {
	c := junitCase{Name: strings.TrimSpace(experiment + " " + Label(v.Metric))}
	m := &junitMessage{Message: v.Reason, Type: string(v.Outcome), Text: v.Detail}
	switch {
	case v.Outcome == Fail, v.Outcome == Inconclusive && strict:
		c.Failure = m
	case v.Outcome == Error:
		c.Error = m
	case v.Outcome == Inconclusive, v.Outcome == New:
		c.Skipped = &junitMessage{Message: fmt.Sprintf("%s: %s", v.Outcome, v.Reason)}
	default:
		c.Output = fmt.Sprintf("%s: %s", v.Outcome, v.Reason)
	}
	return c
}

func claimCase(r ClaimResult) junitCase {
	c := junitCase{Name: "claim: " + r.Claim.Text}
	switch {
	case r.Regression:
		c.Failure = &junitMessage{Message: r.Reason, Type: string(r.Outcome)}
	case r.Outcome == Supported:
		c.Output = fmt.Sprintf("%s: %s", r.Outcome, r.Reason)
	default:
		c.Skipped = &junitMessage{Message: fmt.Sprintf("%s: %s", r.Outcome, r.Reason)}
	}
	return c
}
