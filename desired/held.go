package desired

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"reconciler/desired/desk"
)

// Held returns nil while this process alone keeps the file: the lock that it
// holds is the one in the data directory. It costs one stat. Errors:
// ErrUnheld, ErrBlocked, which says that nobody knows.
func (s *Store) Held() error {
	_, err := desk.Ask(s.lock, "look at the lock in "+s.Dir(), func(*desk.Work) (struct{}, error) { return struct{}{}, s.data.Load().held() }, nil)
	return err
}

// Hold is Held, and takes the data directory again where that is possible:
// nobody else holds it. What was lost with it, and is known, is written anew.
func (s *Store) Hold() error {
	err := s.Held()
	if !errors.Is(err, ErrUnheld) {
		return err
	}
	switch _, terr := inTurn(s, "take "+s.Dir()+" again", func(*desk.Work) (struct{}, error) { return struct{}{}, s.take() }); {
	case errors.Is(terr, ErrBlocked):
		return errors.Join(err, terr)
	case terr != nil:
		return fmt.Errorf("%w; now it can't be: %w", err, terr)
	}
	return s.Held()
}

// take takes the data directory again. It is made again, but no folder above
// it: that would hide what was mounted there. The caller has the turn.
func (s *Store) take() error {
	old := s.data.Load()
	if err := os.Mkdir(old.path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return unusable(old.path, err)
	}
	data, warnings, err := openDataDir(old.path, s.Path())
	if err != nil {
		return err
	}
	lost, err := s.resume(data)
	if err != nil {
		return errors.Join(err, data.close())
	}
	s.data.Store(data)
	s.tell(Report{Snapshot: s.Snapshot(), Warnings: append(warnings, lost)})
	_ = old.close() // its lock has no name any more
	return nil
}

// resume goes on in a data directory that was taken again, and says what
// became of its revisions.
func (s *Store) resume(data *dataDir) (what string, err error) {
	all, newest, _, err := data.revisions()
	if err != nil {
		return "", err
	}
	if _, err := data.root.Lstat(instanceFile); errors.Is(err, fs.ErrNotExist) {
		if err := data.write(instanceFile, []byte(s.id+"\n")); err != nil {
			return "", err
		}
	}
	next := s.Snapshot()
	switch {
	case newest < next.Generation: // it was made anew, or is an older one: what is in force goes on
		r := record{State: string(next.Document.Source), Revision: Revision{
			Generation: next.Generation, Kind: KindState, Time: next.Time.UTC(),
			Actor: next.Actor, Reason: next.Reason, Summary: next.Summary, Digest: next.Document.Digest,
		}}
		commit, err := data.prepareRevision(r)
		if err == nil {
			err = commit()
		}
		if err != nil {
			return "", err
		}
		lost := max(0, len(*s.history.Load())-1-len(all))
		all = append(all, r.Revision)
		what = fmt.Sprintf("%s was gone and is held again; it holds what is in force, and %d older revisions are lost", data.path, lost)
	case newest > next.Generation, len(all) == 0, all[len(all)-1].Digest != next.Document.Digest: // somebody else went on
		next.Generation = newest
		s.current.Store(&next)
		s.file.Again() // the file may be theirs, too: it is judged anew
		what = fmt.Sprintf("the lock in %s is held again; another instance had it, and its revisions up to %d count", data.path, newest)
	default:
		what = fmt.Sprintf("%s was removed, and is held again; nothing is lost", filepath.Join(data.path, lockFile))
	}
	kept := slices.Clone(all)
	s.history.Store(&kept)
	return what, nil
}
