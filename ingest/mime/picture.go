package mime

import "io"

// maxRun is how long a run of base64 in a page may be before it is taken for
// a picture; no word and no link is as long.
const maxRun = 4 << 10

// A pictureDropper takes the pictures out that some programs write into the
// page itself as "data:" links, which may be larger than all text.
type pictureDropper struct {
	r   io.Reader
	run int
}

func (d *pictureDropper) Read(p []byte) (int, error) {
	for {
		n, err := d.r.Read(p)
		kept := 0
		for _, c := range p[:n] {
			if isBase64(c) || c == '=' {
				d.run++
			} else {
				d.run = 0
			}
			if d.run <= maxRun {
				p[kept] = c
				kept++
			}
		}
		if kept > 0 || err != nil || len(p) == 0 {
			return kept, err
		}
	}
}
