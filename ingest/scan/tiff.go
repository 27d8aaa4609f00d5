package scan

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/image/tiff"
)

// Tags of TIFF 6.0 that are looked at here.
const (
	tagSubfile     = 254
	tagWidth       = 256
	tagHeight      = 257
	tagOrientation = 274
	tagXResolution = 282
	tagYResolution = 283
)

// A tiffPage is one directory of a TIFF file.
type tiffPage struct {
	index         int   // among all directories
	at            int64 // where it stands
	width, height int
	orientation   int
	xres, yres    float64
	thumbnail     bool
	last          bool // what comes after it in the file is missing
}

var errTIFF = errors.New("the TIFF file is damaged and no page of it can be opened; scan the letter again")

// tiffPages follows the chain of directories. A chain may bite its tail.
func (r *Reader) tiffPages(data []byte) ([]tiffPage, error) {
	if len(data) < 8 || data[2] != '*' && data[3] != '*' {
		return nil, errors.New("the file is a BigTIFF, which is for maps and medicine; scan the letter as PDF")
	}
	order := byteOrder(data)
	var pages []tiffPage
	seen := map[int64]bool{}
	for at := int64(order.Uint32(data[4:])); at != 0; {
		if seen[at] || at < 8 || at+2 > int64(len(data)) {
			if len(pages) == 0 || seen[at] {
				return nil, errTIFF
			}
			pages[len(pages)-1].last = true // what came before it can be read
			break
		}
		seen[at] = true
		p := tiffPage{index: len(seen) - 1, at: at}
		next := p.read(data, order)
		if !p.thumbnail {
			pages = append(pages, p)
		}
		if len(pages) > r.c.Limits.Pages || len(seen) > 2*r.c.Limits.Pages {
			return nil, fmt.Errorf("the file has more than %d pages, which is the limit; scan it in smaller parts", r.c.Limits.Pages)
		}
		at = next
	}
	if len(pages) == 0 {
		return nil, errTIFF
	}
	return pages, nil
}

// read takes what is wanted from a directory and says where the next one is;
// 0 when there is none, and beyond the file where the directory is cut off.
func (p *tiffPage) read(data []byte, order binary.ByteOrder) int64 {
	count := int64(order.Uint16(data[p.at:]))
	for i := range count {
		at := p.at + 2 + 12*i
		if at+12 > int64(len(data)) {
			return int64(len(data))
		}
		e := data[at : at+12]
		value := int(order.Uint32(e[8:]))
		if order.Uint16(e[2:]) == 3 { // SHORT
			value = int(order.Uint16(e[8:]))
		}
		switch order.Uint16(e) {
		case tagSubfile:
			p.thumbnail = value&1 == 1
		case tagWidth:
			p.width = value
		case tagHeight:
			p.height = value
		case tagOrientation:
			p.orientation = value
		case tagXResolution:
			p.xres = rational(data, order, value)
		case tagYResolution:
			p.yres = rational(data, order, value)
		}
	}
	end := p.at + 2 + 12*count
	if end+4 > int64(len(data)) {
		return 0 // some leave it out at the end
	}
	return int64(order.Uint32(data[end:]))
}

func rational(data []byte, order binary.ByteOrder, at int) float64 {
	if at < 8 || at+8 > len(data) {
		return 0
	}
	n, d := order.Uint32(data[at:]), order.Uint32(data[at+4:])
	if d == 0 {
		return 0
	}
	return float64(n) / float64(d)
}

// decodeTIFF opens one page. What Go's decoder does not know (JPEG within
// TIFF, old fax coding) libtiff unpacks in a child process.
func (r *Reader) decodeTIFF(ctx context.Context, dir string, data []byte, p tiffPage) (picture, error) {
	if err := r.admit(p.width, p.height); err != nil {
		return picture{}, err
	}
	img, err := r.goTIFF(&fromDirectory{data: data, order: byteOrder(data), first: p.at})
	if err != nil {
		if img, err = r.libtiff(ctx, dir, p.index); err != nil {
			return picture{}, err
		}
	}
	pic := inksOf(img)
	invertNegative(pic.gray)
	// Fax: 204 dots across, 98 or 196 lines down.
	if p.xres > 0 && p.yres > 0 && p.xres/p.yres > 1.02 && p.xres/p.yres < 4 {
		if height := int(float64(p.height) * p.xres / p.yres); r.admit(p.width, height) == nil {
			pic.gray = stretched(pic.gray, height)
			pic.stamp, pic.fax = nil, true
		}
	}
	return pic.upright(p.orientation), nil
}

func (r *Reader) libtiff(ctx context.Context, dir string, index int) (img image.Image, err error) {
	if r.program("tiffcp") == "" {
		return nil, errors.New("this kind of TIFF needs a program that is not installed (package libtiff-tools); scan the letter as PDF")
	}
	out := fmt.Sprintf("page%d.tif", index) // pages are read at the same time
	res := r.run(ctx, job{program: "tiffcp", dir: dir, args: []string{"-c", "none", keptName + "," + strconv.Itoa(index), out}})
	defer os.Remove(filepath.Join(dir, out)) //nolint:errcheck // the whole folder goes in the end
	made, err := readBounded(filepath.Join(dir, out), mostPicture)
	if err != nil {
		return nil, fmt.Errorf("the TIFF page cannot be unpacked (%s); scan it again", res.why())
	}
	if !isTIFF(made) {
		return nil, fmt.Errorf("the TIFF page cannot be unpacked (%s); scan it again", res.why())
	}
	return r.goTIFF(&fromDirectory{data: made, order: byteOrder(made), first: -1})
}

func (r *Reader) goTIFF(f *fromDirectory) (image.Image, error) {
	c, err := tiff.DecodeConfig(f)
	if err != nil {
		return nil, errDamaged
	}
	done, err := r.unpacks(c, false)
	if err != nil {
		return nil, err
	}
	defer done()
	img, err := tiff.Decode(f)
	if err != nil {
		return nil, errDamaged
	}
	return img, nil
}

// fromDirectory shows a TIFF file as if it began with a later directory:
// Go's decoder reads the first page only.
type fromDirectory struct {
	data  []byte
	order binary.ByteOrder
	first int64 // -1: as it is
	pos   int64
}

func (f *fromDirectory) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= int64(len(f.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.data[off:])
	if f.first >= 0 {
		var patch [4]byte
		f.order.PutUint32(patch[:], uint32(f.first)) //nolint:gosec // read as such
		for i := range patch {
			if at := int64(4+i) - off; at >= 0 && at < int64(n) {
				p[at] = patch[i]
			}
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *fromDirectory) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.pos)
	f.pos += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}
