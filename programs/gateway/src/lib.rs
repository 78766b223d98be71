//! The reverse proxy and load balancer: data plane and control plane.
