package cmdutil

const shortIDLen = 12

// ShortID is the part of an ID that tables show.
func ShortID(id string) string {
	if len(id) > shortIDLen {
		return id[:shortIDLen]
	}
	return id
}
