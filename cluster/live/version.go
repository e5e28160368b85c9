package live

import "context"

// Version asks the API server for its version, such as "v1.34.1".
func (s *Source) Version(ctx context.Context) (string, error) {
	return do(ctx, s.client, func(ctx context.Context) (string, int, error) {
		info, err := s.client.discovery.ServerVersionWithContext(ctx)
		if err != nil {
			return "", -1, err
		}
		return info.GitVersion, -1, nil
	})
}
