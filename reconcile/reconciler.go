// Package reconcile goes from is to should.
package reconcile
