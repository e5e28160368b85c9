package live

import (
	"context"
	"net/http"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/flowcontrol"
)

// client makes requests: built-in kinds in protobuf, custom resources in JSON, all over the same
// connections and at a common rate.
type client struct {
	builtin   map[schema.GroupVersion]rest.Interface
	custom    dynamic.Interface
	discovery *discovery.DiscoveryClient
	server    string
	slots     chan struct{} // as many as there may be requests at the same time
	log       func(Request)
}

func newClient(config *rest.Config, log func(Request)) (*client, error) {
	config, err := readOnly(config)
	if err != nil {
		return nil, err
	}
	// Warnings would be written to standard error in the middle of whatever is there.
	config.WarningHandler, config.WarningHandlerWithContext = rest.NoWarnings{}, nil
	config.RateLimiter = flowcontrol.NewTokenBucketRateLimiter(requestsPerSecond, requestBurst)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return witness{next} })
	connections, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	c := &client{
		builtin: map[schema.GroupVersion]rest.Interface{},
		server:  config.Host,
		slots:   make(chan struct{}, concurrentRequests),
		log:     log,
	}
	for _, version := range builtinVersions {
		if c.builtin[version], err = rest.RESTClientForConfigAndClient(builtinConfig(config, version), connections); err != nil {
			return nil, err
		}
	}
	if c.custom, err = dynamic.NewForConfigAndClient(config, connections); err != nil {
		return nil, err
	}
	c.discovery, err = discovery.NewDiscoveryClientForConfigAndClient(config, connections)
	return c, err
}

func builtinConfig(config *rest.Config, version schema.GroupVersion) *rest.Config {
	config = rest.CopyConfig(config)
	config.GroupVersion = &version
	config.APIPath = "/apis"
	if version.Group == "" {
		config.APIPath = "/api"
	}
	config.ContentType = runtime.ContentTypeProtobuf
	config.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	config.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	return config
}

// get asks for one object of a built-in kind; custom ones are only ever listed.
func (c *client) get(ctx context.Context, q question) (runtime.Object, error) {
	return do(ctx, c, func(ctx context.Context) (runtime.Object, int, error) {
		object, err := c.request(q).Name(q.name).Do(ctx).Get()
		return object, 1, err
	})
}

// list asks for one page of a list.
func (c *client) list(ctx context.Context, r resource, q question, options metav1.ListOptions) (runtime.Object, error) {
	return do(ctx, c, func(ctx context.Context) (runtime.Object, int, error) {
		var page runtime.Object
		var err error
		if r.custom {
			page, err = c.custom.Resource(q.resource).Namespace(q.namespace).List(ctx, options)
		} else {
			page, err = c.request(q).VersionedParams(&options, scheme.ParameterCodec).Do(ctx).Get()
		}
		if err != nil {
			return nil, 0, err
		}
		return page, meta.LenList(page), nil
	})
}

func (c *client) request(q question) *rest.Request {
	return c.builtin[q.resource.GroupVersion()].Get().
		NamespaceIfScoped(q.namespace, q.namespace != "").
		Resource(q.resource.Resource)
}

// do waits for its turn, makes a call and tells the log about the requests that it took; the
// number of objects in the answer goes with the last of them.
func do[T any](ctx context.Context, c *client, call func(context.Context) (T, int, error)) (T, error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
	ctx, requests := witnessed(ctx)
	answer, items, err := call(ctx)
	if err != nil {
		items = 0
	}
	requests.tell(c.log, items)
	return answer, err
}
