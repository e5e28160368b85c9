package file

import (
	"reflect"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/spelling"
)

// mostFields is how many fields a hint lists.
const mostFields = 6

// hint says which field an unknown one may be a slip for, or else which fields there are.
func hint(t reflect.Type, field string) string {
	path := steps(field)
	last := len(path) - 1
	if last < 0 { // a key may be empty
		return ""
	}
	for _, step := range path[:last] {
		if t = stepInto(t, step); t == nil {
			return ""
		}
	}
	names := fieldNames(t)
	for _, name := range names {
		if strings.EqualFold(name, path[last]) {
			return "; did you mean " + name + "?"
		}
	}
	if near := spelling.Nearest(path[last], names, 1); len(near) > 0 {
		return "; did you mean " + near[0] + "?"
	}
	if len(names) == 0 || len(names) > mostFields {
		return ""
	}
	return "; there is " + strings.Join(names, ", ")
}

// stepInto returns the type of a field or an item, or nil.
func stepInto(t reflect.Type, step string) reflect.Type {
	switch t = pointedTo(t); t.Kind() {
	case reflect.Slice, reflect.Map:
		return t.Elem()
	case reflect.Struct:
		return fieldType(t, step)
	}
	return nil
}

// fieldNames returns the names in JSON that the fields of a struct have.
func fieldNames(t reflect.Type) []string {
	if t = pointedTo(t); t.Kind() != reflect.Struct {
		return nil
	}
	var names []string
	for i := range t.NumField() {
		f := t.Field(i)
		switch name, _, _ := strings.Cut(f.Tag.Get("json"), ","); {
		case name != "":
			names = append(names, name)
		case f.Anonymous:
			names = append(names, fieldNames(f.Type)...)
		}
	}
	return names
}

func pointedTo(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}
