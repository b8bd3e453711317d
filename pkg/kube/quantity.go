package kube

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// Quantity is an amount as Kubernetes writes it: 500m, 1Gi, 0.5, 1e3. The zero
// value is none.
type Quantity struct {
	text  string
	value *big.Rat
}

var quantity = regexp.MustCompile(`^([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:([eE][+-]?[0-9]+)|([numkMGTPE]|[KMGTPE]i)?)$`)

// ParseQuantity reads an amount.
func ParseQuantity(text string) (Quantity, error) {
	parts := quantity.FindStringSubmatch(text)
	if parts == nil {
		return Quantity{}, fmt.Errorf("%q is not a quantity such as 500m, 1.5 or 64Mi", text)
	}
	value, ok := new(big.Rat).SetString(parts[1] + parts[2])
	if !ok {
		return Quantity{}, fmt.Errorf("%q is not a quantity such as 500m, 1.5 or 64Mi", text)
	}
	return Quantity{text: text, value: value.Mul(value, unit(parts[3]))}, nil
}

// unit is what a suffix stands for.
func unit(suffix string) *big.Rat {
	if prefix, binary := strings.CutSuffix(suffix, "i"); binary {
		power := uint(strings.Index("KMGTPE", prefix) + 1)
		return new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), 10*power))
	}
	power := int64(3 * strings.Index(" kMGTPE", suffix))
	switch suffix {
	case "":
		power = 0
	case "n", "u", "m":
		power = int64(3 * (strings.Index("num", suffix) - 3))
	}
	ten := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(max(power, -power)), nil))
	if power < 0 {
		return ten.Inv(ten)
	}
	return ten
}

// NewQuantity is a whole number.
func NewQuantity(n int64) Quantity {
	return Quantity{text: strconv.FormatInt(n, 10), value: new(big.Rat).SetInt64(n)}
}

// NewBytes is a number of bytes, in the largest unit that goes into it.
func NewBytes(n int64) Quantity {
	q := NewQuantity(n)
	for i, suffix := range []string{"Ki", "Mi", "Gi", "Ti", "Pi"} {
		size := int64(1) << (10 * (i + 1))
		if n == 0 || n%size != 0 {
			break
		}
		q.text = strconv.FormatInt(n/size, 10) + suffix
	}
	return q
}

// NewMilliQuantity is a number of thousandths.
func NewMilliQuantity(n int64) Quantity {
	if n%1000 == 0 {
		return NewQuantity(n / 1000)
	}
	return Quantity{text: strconv.FormatInt(n, 10) + "m", value: big.NewRat(n, 1000)}
}

// IsZero reports whether it is nothing, or was not given.
func (q Quantity) IsZero() bool { return q.value == nil || q.value.Sign() == 0 }

// String is the amount as it was written.
func (q Quantity) String() string { return q.text }

// Value is the amount rounded up, as Kubernetes does.
func (q Quantity) Value() (int64, error) { return q.In(NewQuantity(1)) }

// MilliValue is the amount in thousandths, rounded up.
func (q Quantity) MilliValue() (int64, error) { return q.In(NewMilliQuantity(1)) }

// In is how many times the divisor, which is not zero, goes into the amount,
// rounded up.
func (q Quantity) In(divisor Quantity) (int64, error) {
	if q.IsZero() {
		return 0, nil
	}
	times := new(big.Rat).Quo(q.value, divisor.value)
	n, rest := new(big.Int).QuoRem(times.Num(), times.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		n.Add(n, big.NewInt(1))
	}
	if !n.IsInt64() {
		return 0, fmt.Errorf("quantity cannot be represented as int64: %s", q.text)
	}
	return n.Int64(), nil
}

// MarshalJSON writes it as text.
func (q Quantity) MarshalJSON() ([]byte, error) { return json.Marshal(q.text) }

// UnmarshalJSON reads text or a number.
func (q *Quantity) UnmarshalJSON(data []byte) error {
	text := string(data)
	if text == "null" {
		return nil
	}
	if strings.HasPrefix(text, `"`) {
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
	}
	parsed, err := ParseQuantity(text)
	*q = parsed
	return err
}

// IntOrString is a number, or the name of one.
type IntOrString struct {
	Int  int
	Name string // "" for a number
}

// MarshalJSON writes what it is.
func (v IntOrString) MarshalJSON() ([]byte, error) {
	if v.Name != "" {
		return json.Marshal(v.Name)
	}
	return json.Marshal(v.Int)
}

// UnmarshalJSON reads a number, also one in quotes, or a name.
func (v *IntOrString) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &v.Int) == nil {
		return nil
	}
	if err := json.Unmarshal(data, &v.Name); err != nil {
		return err
	}
	if n, err := strconv.Atoi(v.Name); err == nil {
		v.Int, v.Name = n, ""
	}
	return nil
}
