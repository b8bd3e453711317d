package runtime

import (
	"strconv"

	"github.com/containers/storage/pkg/regexp"
)

// clonedName matches the name of a clone and its number, if it has one.
var clonedName = regexp.Delayed(`^(.*-clone)(\d*)$`)

// cloneName is the name of a copy: NAME-clone, or when that is taken
// NAME-clone1 and so on. A clone's own copy counts on from the clone's number.
func cloneName(name string, taken func(string) (bool, error)) (string, error) {
	number := 0
	if m := clonedName.FindStringSubmatch(name); m != nil {
		if n, err := strconv.Atoi("0" + m[2]); err == nil {
			name, number = m[1], n+1
		}
	} else {
		name += "-clone"
	}
	for ; ; number++ {
		try := name
		if number > 0 {
			try += strconv.Itoa(number)
		}
		if is, err := taken(try); err != nil || !is {
			return try, err
		}
	}
}
