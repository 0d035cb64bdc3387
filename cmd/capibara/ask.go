package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// dialogue asks a person at a terminal, one line at a time, so that it works over any connection.
type dialogue struct {
	a  *app
	in *bufio.Reader
}

// errUnanswered says that the answers ended before the questions.
var errUnanswered = errors.New("the questions were not answered to their end, so nothing was written")

// line asks for one line. Enter takes usual.
func (d *dialogue) line(question, usual string) (string, error) {
	if usual != "" {
		question += " [" + usual + "]"
	}
	fmt.Fprintf(d.a.stdout, "%s: ", question)
	text, err := d.in.ReadString('\n')
	if text = strings.TrimSpace(text); err != nil && (text == "" || !errors.Is(err, io.EOF)) {
		fmt.Fprintln(d.a.stdout)
		return "", failed("run the command again and answer, or see `capibara map --help`", "%w", errUnanswered)
	}
	if text == "" {
		return usual, nil
	}
	return text, nil
}

// valid asks until check finds nothing wrong with the answer; what it finds is a sentence.
func (d *dialogue) valid(question, usual string, check func(string) (wrong string)) (string, error) {
	for {
		text, err := d.line(question, usual)
		if err != nil {
			return "", err
		}
		if wrong := check(text); wrong != "" {
			d.a.line("  %s", wrong)
			continue
		}
		return text, nil
	}
}

// choose shows numbered choices and asks for one of them; 0 is what none says, when there is such a choice. It returns the
// number, counted from 1.
func (d *dialogue) choose(question string, choices []string, none string, usual int) (int, error) {
	d.a.line("%s", question)
	for i, c := range choices {
		d.a.line("  %2d  %s", i+1, printable(c))
	}
	least := 1
	if none != "" {
		d.a.line("   0  %s", none)
		least = 0
	}
	shown := ""
	if usual >= least {
		shown = strconv.Itoa(usual)
	}
	answer := 0
	_, err := d.valid("Number", shown, func(text string) string {
		n, err := strconv.Atoi(text)
		if err != nil || n < least || n > len(choices) {
			return fmt.Sprintf("Please type a number from %d to %d.", least, len(choices))
		}
		answer = n
		return ""
	})
	return answer, err
}

// yes asks a question that is answered by yes or no. Enter is yes.
func (d *dialogue) yes(question string) (bool, error) {
	answer := false
	_, err := d.valid(question+" (yes or no)", "yes", func(text string) string {
		switch strings.ToLower(text) {
		case "y", "yes":
			answer = true
		case "n", "no":
			answer = false
		default:
			return "Please type yes or no."
		}
		return ""
	})
	return answer, err
}

// wrong is what is wrong in a sentence; "" for no error.
func wrong(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// agreed asks for a yes in so many letters; Enter is none. kept says what remains as it is without one, other what else a
// script can do.
func (a *app) agreed(out io.Writer, question, kept, other string) error {
	fmt.Fprintf(out, "%s Type yes: ", question)
	line, err := a.answerLine()
	if err != nil {
		fmt.Fprintln(out)
		return failed("type yes, "+other, "nobody said yes, so %s", kept)
	}
	if said := strings.ToLower(line); said != "yes" && said != "y" {
		return failed("run it again and type yes, "+other, "the answer was not yes, so %s", kept)
	}
	return nil
}

// sure asks for a yes before something is changed; yes says that it was given on the command line.
func (a *app) sure(question string, yes bool) error {
	if yes {
		return nil
	}
	return a.agreed(a.stdout, "\n"+question, "nothing was changed", "or pass --yes")
}

// answerLine reads one line and not a byte more: the next question finds the rest.
func (a *app) answerLine() (string, error) {
	var text []byte
	for b := make([]byte, 1); len(text) < 1<<10; {
		n, err := a.stdin.Read(b)
		switch {
		case n == 1 && b[0] == '\n':
			return strings.TrimSpace(string(text)), nil
		case n == 1:
			text = append(text, b[0])
		case err != nil && len(text) > 0 && errors.Is(err, io.EOF):
			return strings.TrimSpace(string(text)), nil
		case err != nil:
			return "", fmt.Errorf("reading the answer: %w", err)
		}
	}
	return "", errors.New("the answer is too long")
}
