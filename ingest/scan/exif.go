package scan

import (
	"bytes"
	"encoding/binary"
)

// exifOrientation finds how a phone was held: tag 0x0112 of the Exif block in
// the first APP1 segment of a JPEG; 1, upright, where nothing says otherwise.
func exifOrientation(data []byte) int {
	for at := 2; at+4 <= len(data) && data[at] == 0xff; {
		marker, size := data[at+1], int(binary.BigEndian.Uint16(data[at+2:]))
		if size < 2 || at+2+size > len(data) || marker == 0xda {
			return 1
		}
		if body, ok := bytes.CutPrefix(data[at+4:at+2+size], []byte("Exif\x00\x00")); marker == 0xe1 && ok {
			return tiffOrientation(body)
		}
		at += 2 + size
	}
	return 1
}

// tiffOrientation reads the tag from the first directory of a TIFF structure.
func tiffOrientation(b []byte) int {
	if len(b) < 8 {
		return 1
	}
	order := byteOrder(b)
	at := int64(order.Uint32(b[4:]))
	if at < 8 || at+2 > int64(len(b)) {
		return 1
	}
	count := int64(order.Uint16(b[at:]))
	for i := range count {
		entry := at + 2 + 12*i
		if entry+12 > int64(len(b)) {
			return 1
		}
		if order.Uint16(b[entry:]) == tagOrientation {
			return int(order.Uint16(b[entry+8:]))
		}
	}
	return 1
}

func byteOrder(b []byte) binary.ByteOrder {
	if b[0] == 'M' {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// upright undoes an orientation of TIFF 6.0, section 8 (Exif means the same).
func (p picture) upright(orientation int) picture {
	if orientation < 2 || orientation > 8 {
		return p
	}
	p.gray = mirroredAndTurned(p.gray, orientation)
	if p.stamp != nil {
		p.stamp = mirroredAndTurned(p.stamp, orientation)
	}
	return p
}
