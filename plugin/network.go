package plugin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/profile"
	"github.com/netpol-doctor/netpol-doctor/spelling"
)

// networkPlugin finds the profile that --network-plugin stands for: one that ships, by its name, or
// the user's own, by its file. Nothing was typed: nil.
func networkPlugin(typed string) (*policy.Profile, error) {
	if typed == "" {
		return nil, nil
	}
	if p, ok := policy.ProfileNamed(typed); ok {
		return &p, nil
	}
	text, err := os.ReadFile(typed)
	if err != nil && !looksLikeFile(typed) && errors.Is(err, os.ErrNotExist) {
		if near := spelling.Nearest(typed, pluginNames(), 1); len(near) > 0 {
			return nil, fmt.Errorf("unknown network plugin %q; did you mean %s? There is %s, or a file with a profile of your own", typed, near[0], strings.Join(pluginNames(), ", "))
		}
		return nil, fmt.Errorf("unknown network plugin %q; there is %s, or a file with a profile of your own", typed, strings.Join(pluginNames(), ", "))
	}
	if err != nil {
		return nil, fmt.Errorf("reading the profile of --network-plugin: %w", err)
	}
	p, err := profile.Parse(typed, text)
	if err != nil {
		return nil, err
	}
	return &p, nil
}

// looksLikeFile tells whether somebody who typed that means a file, even if there is none.
func looksLikeFile(typed string) bool {
	return strings.ContainsRune(typed, filepath.Separator) || strings.ContainsRune(typed, '/') ||
		slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(typed))
}
