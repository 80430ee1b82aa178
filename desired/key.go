package desired

// Key names one service among those of all projects. It is comparable; the zero
// value names none.
type Key struct {
	Project string
	Service string // as the file calls it
}

// String is both names, as "shop/web".
func (k Key) String() string { return k.Project + "/" + k.Service }

// Key names a service of the document, listed or not.
func (d *Document) Key(service string) Key { return Key{d.Project, service} }
