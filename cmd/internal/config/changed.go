package config

import "reflect"

// Changed lists the keys whose values differ.
func Changed(a, b File) []string { return changed("", reflect.ValueOf(a), reflect.ValueOf(b)) }

func changed(prefix string, a, b reflect.Value) (out []string) {
	for i := range a.NumField() {
		key := prefix + a.Type().Field(i).Tag.Get("mapstructure")
		switch x, y := a.Field(i), b.Field(i); {
		case x.Kind() == reflect.Struct:
			out = append(out, changed(key+".", x, y)...)
		case !reflect.DeepEqual(x.Interface(), y.Interface()):
			out = append(out, key)
		}
	}
	return out
}
