package memory

import (
	"cmp"
	"slices"

	"examlink/server/store"
)

// relation keeps values by identifier. It is not safe for concurrent use.
type relation[T any] struct {
	of       map[string]T
	ids      []string
	unsorted bool
}

func (r *relation[T]) get(id string) (v T, ok bool) {
	if r == nil {
		return v, false
	}
	v, ok = r.of[id]
	return v, ok
}

func (r *relation[T]) put(id string, v T) {
	if r.of == nil {
		r.of = map[string]T{}
	}
	if _, ok := r.of[id]; !ok {
		r.unsorted = r.unsorted || len(r.ids) > 0 && r.ids[len(r.ids)-1] > id
		r.ids = append(r.ids, id)
	}
	r.of[id] = v
}

func (r *relation[T]) remove(id string) {
	if _, ok := r.get(id); !ok {
		return
	}
	delete(r.of, id)
	r.sort()
	if i, ok := slices.BinarySearch(r.ids, id); ok {
		r.ids = slices.Delete(r.ids, i, i+1)
	}
}

func (r *relation[T]) sort() {
	if r.unsorted {
		slices.Sort(r.ids)
		r.unsorted = false
	}
}

// page returns a part of the values, by identifier.
func (r *relation[T]) page(p store.Page) []T {
	if r == nil {
		return nil
	}
	r.sort()
	from := 0
	if p.After != "" {
		from, _ = slices.BinarySearchFunc(r.ids, p.After, func(id, after string) int {
			return cmp.Or(cmp.Compare(id, after), -1) // the place behind it
		})
	}
	var out []T
	for _, id := range r.ids[from:min(from+p.Size(), len(r.ids))] {
		out = append(out, r.of[id])
	}
	return out
}

// all yields every value, by identifier.
func (r *relation[T]) all(yield func(T)) {
	r.sort()
	for _, id := range r.ids {
		yield(r.of[id])
	}
}

// grouped is a relation for each exam.
type grouped[T any] map[string]*relation[T]

func (g grouped[T]) put(exam, id string, v T) {
	r := g[exam]
	if r == nil {
		r = &relation[T]{}
		g[exam] = r
	}
	r.put(id, v)
}

func (g grouped[T]) remove(exam, id string) {
	if r := g[exam]; r != nil {
		if r.remove(id); len(r.of) == 0 {
			delete(g, exam)
		}
	}
}

// clear removes all of an exam, and says how much that was.
func (g grouped[T]) clear(exam string) int64 {
	r := g[exam]
	delete(g, exam)
	if r == nil {
		return 0
	}
	return int64(len(r.of))
}
