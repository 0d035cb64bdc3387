//go:build !unix

package bolt_test

import "errors"

func fillDisk(string) error { return errors.ErrUnsupported }
