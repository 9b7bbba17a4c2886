package config

// NamedFile is a file that a key names.
type NamedFile struct{ Key, Path string }

// Files lists the files that the server's keys name.
func (f File) Files() (out []NamedFile) {
	add := func(key, path string) {
		if path != "" {
			out = append(out, NamedFile{key, path})
		}
	}
	s := f.Server
	add("server.certificate", s.Certificate)
	add("server.key", s.Key)
	add("server.acme.ca_file", s.ACME.CAFile)
	add("server.acme.binding_key_file", s.ACME.BindingKeyFile)
	add("server.admin_web_config", s.AdminWebConfig)
	add("server.alerts.alertmanager.password_file", s.Alerts.Alertmanager.PasswordFile)
	add("board.signin.secret_file", f.Board.SignIn.SecretFile)
	for i, w := range s.Alerts.Webhooks {
		add(at("server.alerts.webhooks", i)+".url_file", w.URLFile)
		add(at("server.alerts.webhooks", i)+".secret_file", w.SecretFile)
	}
	return out
}
