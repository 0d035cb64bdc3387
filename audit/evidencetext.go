package audit

import (
	"bytes"
	"fmt"
)

// instructions are the README of the evidence: how somebody checks it who has sha256sum and nothing else.
func (c *collecting) instructions() []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("What is known of the event %s", c.manifest.EventID)
	line("")
	line("Made on %s. Identifiers of people are hashed (SHA-256), as they are sent;", c.manifest.MadeAt.Format("2 January 2006 15:04:05 MST"))
	line("what Meta takes unhashed, such as a user agent or a click id, is as it was sent.")
	line("")
	line("To check it, unpack it and open a terminal in the folder. Every step needs sha256sum alone.")
	line("")
	line("1. Nothing in this folder was changed since it was made:")
	line("")
	line("       sha256sum -c SHA256SUMS")
	line("")
	line("   Every line must end in OK. Whoever changes a file can change SHA256SUMS too; the next steps do not trust it.")
	line("")
	line("2. The audit log is the one whose head was kept elsewhere. Run")
	line("")
	line("       sha256sum chain/*.entry")
	line("")
	line("   The number and the digits of the last line are the head:")
	line("")
	line("       %s", c.manifest.Head)
	line("")
	line("   Compare it with a head from that time or later that was kept elsewhere: in the log of the machine, in a mail, on paper.")
	line("   Every entry holds the hash of the one before it. chain/index.txt shows it as `previous`: it must be what this")
	line("   command prints for the entry before. (A viewer of bytes shows it in the entry itself, behind its number.)")
	line("   Where the head that was kept is of another entry, `capibara verify --head` compares it on the machine.")
	for _, e := range c.manifest.Events {
		line("")
		line("3. %s: %s in dataset %s, which is %s.", e.Folder, e.EventName, e.Dataset, e.State)
		line("")
		line("   It came from line %d of the file %q, which was read as %s/mapping.txt says. Whoever has the file runs", e.Line, e.File, e.Folder)
		line("   sha256sum on it, which must print")
		line("")
		line("       %s", e.FileSHA256)
		line("")
		line("   The same digits are in the entry of chain/ that says that the file was opened (file_opened).")
		if len(e.Bodies) == 0 {
			line("   It was in no request.")
		}
		for _, body := range e.Bodies {
			line("")
			if body.Sums != "" {
				c.rest(line, e, body)
				continue
			}
			if body.Name == "" {
				line("   What attempt %s of batch %d sent cannot be made again; its SHA-256 was %s.", numbers(body.Attempts), body.Batch, body.Journal)
				continue
			}
			line("   What attempt %s of batch %d sent (the `data` of the request): run", numbers(body.Attempts), body.Batch)
			line("")
			line("       sha256sum %s", body.Name)
			line("")
			if body.Rebuilt == body.Journal {
				line("   It must print %s, which was journalled before it was sent.", body.Journal)
				line("   The entry of chain/ about the batch says the same behind `body`, with Meta's answer.")
				if body.Holds {
					line("   %s/event.json is in it, byte for byte.", e.Folder)
				} else {
					line("   %s/event.json is in it without the click id, which was too old when it was sent.", e.Folder)
				}
			} else {
				line("   It prints %s, and the journal says %s:", body.Rebuilt, body.Journal)
				line("   these are NOT the bytes that were sent.")
			}
		}
		line("")
		line("   %s/story.json holds what was decided about it, and every attempt with Meta's answer.", e.Folder)
	}
	line("")
	if len(c.out.Unproven) == 0 {
		line("Nothing is missing.")
		return b.Bytes()
	}
	line("What could not be shown:")
	for _, u := range c.out.Unproven {
		line("  - %s", u)
	}
	return b.Bytes()
}

// rest tells how what is left of a body is checked.
func (c *collecting) rest(line func(string, ...any), e evidenceEvent, body evidenceBody) {
	line("   What attempt %s of batch %d sent cannot be made again, because the content of an event in it was taken out. Its SHA-256", numbers(body.Attempts), body.Batch)
	line("   was journalled before it was sent: %s. Before the first content was taken out, the SHA-256 of", body.Journal)
	line("   each of its events was kept. Run")
	line("")
	line("       sha256sum %s", body.Name)
	line("")
	line("   It must print %s. Entry %d of chain/ (anchored) says the same", body.Sums, body.Entry)
	line("   behind `sums`, beside the body's digits. The file holds the 32 bytes of each event; %s.txt shows them with their rows.", body.Name)
	if body.Holds {
		line("   What this event said is among them: its digits are those of sha256sum %s/event.json, or, once it is gone, those below.", e.Folder)
	}
}

// numbers lists numbers as people do.
func numbers(all []int) string {
	var b bytes.Buffer
	for i, n := range all {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, n)
	}
	return b.String()
}
