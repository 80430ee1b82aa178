package own

// Place is a piece of the host's storage. It is comparable. The zero value: none.
type Place struct {
	Volume bool // Source is a named volume; else it is a path of the host
	Source string
}

// String is what it is called in a message.
func (p Place) String() string {
	if p.Volume {
		return "volume " + p.Source
	}
	return p.Source
}
