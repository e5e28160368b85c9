package cluster

import "testing"

// What a snapshot says of an environment is what it is read as, and nothing that is no host.
func TestReadDeclared(t *testing.T) {
	t.Parallel()
	d := readDeclared(`{"mentions":[{"host":"db.shop.svc","port":5432,"where":"env DB"},{"host":"a b","where":"x"},{"host":"10.0.0.1","port":80,"where":"y"},{"host":"c","port":70000,"where":"z"}],"probed":true}`)
	if d == nil || len(d.Mentions) != 2 || !d.Probed || d.Mentions[0].Port != 5432 {
		t.Errorf("%+v", d)
	}
	for _, text := range []string{"", "null?", "[]", `{"mentions":1}`} {
		if d := readDeclared(text); d != nil {
			t.Errorf("%q: %+v", text, d)
		}
	}
}

func FuzzReadDeclared(f *testing.F) {
	f.Add(`{"mentions":[{"host":"db","where":"env DB"}],"loopback":[1]}`)
	f.Fuzz(func(t *testing.T, text string) {
		d := readDeclared(text)
		if d == nil {
			return
		}
		if again := readDeclared(d.Text()); again == nil || again.Text() != d.Text() {
			t.Errorf("%s became %+v", d.Text(), again)
		}
	})
}
