package scan

import (
	"fmt"
	"image"
	"image/color"
)

const (
	// dotBytes is what each dot of the largest picture may take while it is
	// unpacked: a red, a green, a blue and one to spare.
	dotBytes = 4
	// largePicture is from how many bytes on pictures are unpacked one after the
	// other: A4 in colour at 600 dots an inch.
	largePicture = 100 << 20
)

// unpacks admits a picture by what it takes in memory while it is unpacked,
// which a few bytes may claim. done is to be called when it is.
func (r *Reader) unpacks(c image.Config, progressive bool) (done func(), err error) {
	if err := r.admit(c.Width, c.Height); err != nil {
		return nil, err
	}
	size := c.Width * c.Height * bytesOf(c.ColorModel, progressive)
	if most := dotBytes * r.c.Limits.Pixels; size > most {
		return nil, fmt.Errorf("the picture takes %d MB of memory, more than the limit of %d; scan it again at 300 dots an inch", size>>20, most>>20)
	}
	if size < largePicture {
		return func() {}, nil
	}
	r.large.Lock()
	return r.large.Unlock, nil
}

// bytesOf is what a dot takes. Of a progressive JPEG all coefficients are kept
// until its end, four bytes for each colour.
func bytesOf(m color.Model, progressive bool) int {
	dot := 4
	switch m {
	case color.GrayModel:
		dot = 1
	case color.Gray16Model:
		dot = 2
	case color.YCbCrModel:
		dot = 3
	case color.RGBA64Model, color.NRGBA64Model:
		dot = 8
	}
	if _, ok := m.(color.Palette); ok {
		dot = 1
	}
	if progressive {
		dot += 4 * dot
	}
	return dot
}

// progressive reports whether the first frame of a JPEG is progressive, which it
// finds as Go's decoder does.
func progressive(data []byte) bool {
	for at := 2; at+1 < len(data); {
		switch marker := data[at+1]; {
		case data[at] != 0xff, marker == 0xff:
			at++
		case marker == 0, marker >= 0xd0 && marker <= 0xd7:
			at += 2
		case marker >= 0xc0 && marker <= 0xc2:
			return marker == 0xc2
		case marker == 0xd9 || marker == 0xda || at+3 >= len(data):
			return false
		default:
			at += 2 + max(2, int(data[at+2])<<8|int(data[at+3]))
		}
	}
	return false
}
