package archive_test

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"postroom/internal/archive"
)

// letterSize is that of an ordinary original, in bytes.
const letterSize = 150_000

// letters makes contents that are all different.
type letters struct {
	bytes []byte
	n     uint64
}

func newLetters(b *testing.B) *letters {
	b.Helper()
	l := &letters{bytes: make([]byte, letterSize)}
	if _, err := rand.Read(l.bytes); err != nil {
		b.Fatal(err)
	}
	return l
}

func (l *letters) next() []byte {
	l.n++
	content := bytes.Clone(l.bytes)
	binary.BigEndian.PutUint64(content, l.n)
	return content
}

// BenchmarkArchive stores letters one by one, in batches and by many at once,
// and tells the ratio to the bare minimum on the same disk in the same run:
// creating, writing and flushing as many files, as many at a time, under their
// final names and without making the names last.
func BenchmarkArchive(b *testing.B) {
	for _, atOnce := range []int{1, 16} {
		b.Run("put/at_once="+strconv.Itoa(atOnce), func(b *testing.B) {
			a, _ := open(b)
			compare(b, atOnce, func(content []byte) error {
				_, err := a.Put(b.Context(), bytes.NewReader(content))
				return err
			})
		})
	}
	for _, batch := range []int{16, 64} {
		b.Run("batch="+strconv.Itoa(batch), func(b *testing.B) { benchmarkBatch(b, batch) })
	}
}

func benchmarkBatch(b *testing.B, batch int) {
	b.Helper()
	a, _ := open(b)
	l := newLetters(b)
	bare := bareFlushes(b, 16, b.N*batch)
	b.ResetTimer()
	for range b.N {
		readers := make([]io.Reader, batch)
		for i := range readers {
			readers[i] = bytes.NewReader(l.next())
		}
		if _, err := a.PutAll(b.Context(), readers); err != nil {
			b.Fatal(err)
		}
	}
	report(b, b.N*batch, bare)
}

func compare(b *testing.B, atOnce int, put func([]byte) error) {
	b.Helper()
	bare := bareFlushes(b, atOnce, b.N)
	b.ResetTimer()
	spread(b, newLetters(b), atOnce, b.N, func(_ int, content []byte) error { return put(content) })
	report(b, b.N, bare)
}

func report(b *testing.B, files int, bare time.Duration) {
	b.Helper()
	b.StopTimer()
	b.ReportMetric(float64(files)/b.Elapsed().Seconds(), "files/s")
	b.ReportMetric(float64(files)/bare.Seconds(), "bare_files/s")
	b.ReportMetric(bare.Seconds()/b.Elapsed().Seconds(), "of_bare")
}

func bareFlushes(b *testing.B, atOnce, n int) time.Duration {
	b.Helper()
	dir := b.TempDir()
	l := newLetters(b)
	began := time.Now()
	spread(b, l, atOnce, n, func(i int, content []byte) error {
		f, err := os.Create(filepath.Join(dir, strconv.Itoa(i)))
		if err != nil {
			return err
		}
		_, err = f.Write(content)
		return errors.Join(err, f.Sync(), f.Close())
	})
	return time.Since(began)
}

// spread gives n contents to so many goroutines.
func spread(b *testing.B, l *letters, atOnce, n int, do func(int, []byte) error) {
	b.Helper()
	type job struct {
		i       int
		content []byte
	}
	jobs := make(chan job)
	var wg sync.WaitGroup
	for range atOnce {
		wg.Go(func() {
			for j := range jobs {
				if err := do(j.i, j.content); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range n {
		jobs <- job{i, l.next()}
	}
	close(jobs)
	wg.Wait()
}

var _ io.Writer = (*archive.Writer)(nil)
